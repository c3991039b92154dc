import SandboxModel

/// `zygote` of `template.json` as it is written; checked by `spec(for:)`.
struct ZygoteFile: Decodable {
    let language: String
    let command: [String]
    let memoryMiB: Int
    let forks: Int

    private enum Key: String, CodingKey, CaseIterable {
        case language, command, memoryMiB, forks
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: Key.self, of: "a zygote")
        language = try values.decode(String.self, forKey: .language)
        command = try values.decode([String].self, forKey: .command)
        memoryMiB = try values.decode(Int.self, forKey: .memoryMiB)
        forks = try values.decode(Int.self, forKey: .forks)
    }

    /// - Parameter interpreter: that of the same template.
    /// - Throws: `SpecError` naming the field.
    func spec(for interpreter: InterpreterSpec?) throws(SpecError) -> ZygoteSpec {
        guard let interpreter else {
            throw .malformed(field: "zygote", value: language, allowed: "allowed without an interpreter")
        }
        return try ZygoteSpec(
            language: language, command: try ProgramCommand(command, field: "zygote.command"), memoryMiB: memoryMiB,
            forks: forks, interpreter: interpreter)
    }
}
