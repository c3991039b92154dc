/// A warm process of a template: started ahead of need, in a box of its own, and forked into the template's sandboxes,
/// where the fork is a kernel of `language`.
public struct ZygoteSpec: Sendable, Hashable {
    public static let forksRange = 1...1_000_000

    /// One of the interpreter's languages.
    public let language: String
    public let command: ProgramCommand
    /// A hard limit on the zygote's own memory; what a fork writes to is its sandbox's.
    public let memoryMiB: Int
    /// Replaced after so many.
    public let forks: Int

    /// - Throws: `SpecError` naming the field as `template.json` spells it, from `zygote` on.
    public init(
        language: String, command: ProgramCommand, memoryMiB: Int, forks: Int, interpreter: InterpreterSpec
    ) throws(SpecError) {
        guard interpreter.languages[language] != nil else {
            let known = interpreter.languages.keys.sorted().joined(separator: ", ")
            throw .malformed(
                field: "zygote.language", value: language, allowed: "one of the interpreter's languages: \(known)")
        }
        guard ResourceLimits.memoryMiBRange.contains(memoryMiB) else {
            throw .outOfRange(
                field: "zygote.memoryMiB", value: memoryMiB, allowed: ResourceLimits.memoryMiBRange)
        }
        guard Self.forksRange.contains(forks) else {
            throw .outOfRange(field: "zygote.forks", value: forks, allowed: Self.forksRange)
        }
        self.language = language
        self.command = command
        self.memoryMiB = memoryMiB
        self.forks = forks
    }
}
