/// Python that is being typed, with IPython's magics.
struct PythonText {
    private let text: String
    private let scan: CodeScanner

    init(_ text: String) {
        self.text = text
        scan = CodeScanner(.python, text)
    }

    var wantsMore: Bool {
        if isCellMagic || isBlockOpen { return !endsWithBlankLine }
        if isMagic { return text.hasSuffix("\\") }
        return scan.isOpen
    }

    /// `%%bash` and its like: all that follows, up to an empty line, is not Python.
    private var isCellMagic: Bool { text.hasPrefix("%%") }

    /// `%time`, `!ls`: one line, whatever stands in it.
    private var isMagic: Bool { ["%", "!"].contains { text.hasPrefix($0) } && !text.contains("\n") }

    /// Whether the last line of code is within a block, begins one, or is a decorator.
    private var isBlockOpen: Bool {
        guard !scan.isOpen, !isMagic, let last = scan.lines.last(where: { !$0.isBlank }) else { return false }
        return last.indentation > 0 || last.code.hasSuffix(":") || last.code.hasPrefix("@")
    }

    private var endsWithBlankLine: Bool {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 1 && lines[lines.count - 1].allSatisfy(\.isWhitespace)
    }

    /// As deep as the last line, and one step more where a block begins; nothing within a quotation.
    var nextIndentation: String {
        guard scan.openness != .quotation, !isCellMagic, !isMagic else { return "" }
        let last = text.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        let indentation = String(last.prefix { $0 == " " || $0 == "\t" })
        let opensBlock = !scan.isOpen && scan.lines.last?.code.hasSuffix(":") == true
        return opensBlock ? indentation + String(repeating: " ", count: InputGrammar.indentWidth) : indentation
    }
}
