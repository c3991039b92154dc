/// Which languages the code interpreter of a template runs.
public struct InterpreterSpec: Sendable, Hashable {
    public static let languageCountRange = 1...16

    /// What code is taken for that names no language.
    public let defaultLanguage: String
    /// The languages that have a context from the start, each once.
    public let bootLanguages: [String]
    /// By name.
    public let languages: [String: LanguageSpec]

    /// - Throws: `SpecError` naming the field as `template.json` spells it, from `interpreter` on.
    public init(
        defaultLanguage: String, bootLanguages: [String], languages: [String: LanguageSpec]
    ) throws(SpecError) {
        guard Self.languageCountRange.contains(languages.count) else {
            throw .outOfRange(
                field: "interpreter.languages", value: languages.count, allowed: Self.languageCountRange)
        }
        let names = languages.keys.sorted()
        for name in names { try LanguageSpec.check(name: name, field: "interpreter.languages") }
        let known = "one of the languages: \(names.joined(separator: ", "))"
        guard languages[defaultLanguage] != nil else {
            throw .malformed(field: "interpreter.default", value: defaultLanguage, allowed: known)
        }
        for (index, language) in bootLanguages.enumerated() {
            guard languages[language] != nil else {
                throw .malformed(field: "interpreter.boot", value: language, allowed: known)
            }
            guard !bootLanguages[..<index].contains(language) else {
                throw .malformed(field: "interpreter.boot", value: language, allowed: "a language named only once")
            }
        }
        self.defaultLanguage = defaultLanguage
        self.bootLanguages = bootLanguages
        self.languages = languages
    }
}
