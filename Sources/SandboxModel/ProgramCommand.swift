/// A program of a template and its arguments: what is executed, without a shell.
public struct ProgramCommand: Sendable, Hashable {
    public static let wordCountRange = 1...64
    /// Of one word, in bytes.
    public static let wordLengthLimit = 4096

    /// The program's absolute path, then its arguments.
    public let words: [String]

    public var path: String { words[0] }

    /// - Throws: `SpecError` naming `field`, which is where the command was written.
    public init(_ words: [String], field: String = "command") throws(SpecError) {
        guard Self.wordCountRange.contains(words.count) else {
            throw .outOfRange(field: field, value: words.count, allowed: Self.wordCountRange)
        }
        for word in words {
            guard word.utf8.count <= Self.wordLengthLimit else {
                throw .tooLong(field: field, length: word.utf8.count, limit: Self.wordLengthLimit)
            }
            guard !word.utf8.contains(0) else { throw .malformed(field: field, value: word, allowed: "free of NUL") }
        }
        guard words[0].hasPrefix("/"), !words[0].hasSuffix("/") else {
            throw .malformed(field: field, value: words[0], allowed: "the absolute path of a program")
        }
        self.words = words
    }
}
