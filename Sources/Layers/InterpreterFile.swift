import SandboxModel

/// `interpreter` of `template.json` as it is written; checked by `spec()`.
struct InterpreterFile: Decodable {
    /// One of `languages`.
    struct Language: Decodable {
        let command: [String]

        private enum Key: String, CodingKey, CaseIterable {
            case command
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.strictContainer(keyedBy: Key.self, of: "a language")
            command = try values.decode([String].self, forKey: .command)
        }
    }

    let defaultLanguage: String
    let boot: [String]
    let languages: [String: Language]

    private enum Key: String, CodingKey, CaseIterable {
        case defaultLanguage = "default"
        case boot, languages
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: Key.self, of: "an interpreter")
        defaultLanguage = try values.decode(String.self, forKey: .defaultLanguage)
        boot = try values.decode([String].self, forKey: .boot)
        languages = try values.decode([String: Language].self, forKey: .languages)
    }

    /// - Throws: `SpecError` naming the field.
    func spec() throws(SpecError) -> InterpreterSpec {
        var specs: [String: LanguageSpec] = [:]
        for (name, language) in languages.sorted(by: { $0.key < $1.key }) {
            let field = "interpreter.languages.\(name).command"
            specs[name] = LanguageSpec(command: try ProgramCommand(language.command, field: field))
        }
        return try InterpreterSpec(defaultLanguage: defaultLanguage, bootLanguages: boot, languages: specs)
    }
}
