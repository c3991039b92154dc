/// How code of one language is run: by a kernel, a process of the sandbox that this command starts.
public struct LanguageSpec: Sendable, Hashable {
    public static let nameLengthRange = 1...32

    public let command: ProgramCommand

    public init(command: ProgramCommand) {
        self.command = command
    }

    /// Languages go by lower-case names such as `python` or `c++`.
    /// - Throws: `SpecError` naming `field`.
    public static func check(name: String, field: String) throws(SpecError) {
        let isWellFormed =
            nameLengthRange.contains(name.utf8.count)
            && name.utf8.allSatisfy { isLowerCase($0) || isDigitOrSign($0) }
        guard isWellFormed, let first = name.utf8.first, isLowerCase(first) else {
            throw .malformed(
                field: field, value: name,
                allowed: "\(nameLengthRange.lowerBound)...\(nameLengthRange.upperBound) characters of [a-z0-9+#-], "
                    + "a letter first")
        }
    }

    private static func isLowerCase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigitOrSign(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || Array("+#-".utf8).contains(byte)
    }
}
