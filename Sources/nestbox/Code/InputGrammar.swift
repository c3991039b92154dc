/// When a text that is being typed is whole, in the language it is meant for.
enum InputGrammar: Sendable, CaseIterable {
    case python, javascript, shell

    static let indentWidth = 4

    init(language: String?) {
        self =
            switch language?.lowercased() {
            case nil, "python", "python3": .python
            case "javascript", "js", "typescript", "ts": .javascript
            default: .shell
            }
    }

    /// As Python's own prompt judges: while a bracket or a quotation is open, behind a backslash, and within a block,
    /// which an empty line ends. What can never become right is whole, too, so that the interpreter says what is wrong.
    func wantsMore(_ text: String) -> Bool {
        switch self {
        case .python: PythonText(text).wantsMore
        case .javascript: CodeScanner(.javascript, text).isOpen
        case .shell: text.hasSuffix("\\")
        }
    }

    /// What the next line begins with.
    func indentation(after text: String) -> String {
        guard self == .python else { return "" }
        return PythonText(text).nextIndentation
    }
}
