/// Reads code only as far as its quotations, comments and brackets go.
struct CodeScanner {
    /// What quotes and comments look like.
    struct Marks: Sendable {
        var quotes: [Character]
        var longQuotes: [String]
        var comment: String

        static let python = Marks(quotes: ["\"", "'"], longQuotes: ["\"\"\"", "'''"], comment: "#")
        static let javascript = Marks(quotes: ["\"", "'"], longQuotes: ["`"], comment: "//")
    }

    /// A line with the lines that it goes on in, comments left out and quotations empty.
    struct Logical: Hashable {
        var indentation = 0
        var code = ""
        var isBlank: Bool { code.isEmpty }
    }

    /// What the end of the text is in the midst of.
    enum Openness: Hashable {
        case nothing, brackets, quotation, backslash
    }

    private(set) var lines: [Logical] = [Logical()]
    private(set) var openness = Openness.nothing
    private var depth = 0

    var isOpen: Bool { openness != .nothing }

    init(_ marks: Marks, _ text: String) {
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix(marks.comment) {
                rest = rest.drop { $0 != "\n" }
            } else if let quote = Self.quote(marks, rest) {
                guard let behind = Self.behind(quote, isLong: marks.longQuotes.contains(quote), rest) else {
                    openness = .quotation
                    return
                }
                append("'")
                rest = behind
            } else if character == "\\" {
                rest.removeFirst()
                if rest.isEmpty || rest.first == "\n" && rest.dropFirst().isEmpty {
                    openness = .backslash
                    return
                }
                rest.removeFirst()
            } else {
                rest.removeFirst()
                take(character)
            }
        }
        if depth > 0 { openness = .brackets }
    }

    private mutating func take(_ character: Character) {
        switch character {
        case "(", "[", "{":
            depth += 1
            append(character)
        case ")", "]", "}":
            depth = max(0, depth - 1)
            append(character)
        case "\n": if depth == 0 { lines.append(Logical()) }
        case _ where character.isWhitespace:
            if lines[lines.count - 1].isBlank { lines[lines.count - 1].indentation += 1 }
        default: append(character)
        }
    }

    private mutating func append(_ character: Character) {
        lines[lines.count - 1].code.append(character)
    }

    private static func quote(_ marks: Marks, _ rest: Substring) -> String? {
        if let long = marks.longQuotes.first(where: { rest.hasPrefix($0) }) { return long }
        return rest.first.flatMap { marks.quotes.contains($0) ? String($0) : nil }
    }

    /// - Returns: what follows the quotation at the beginning of `rest`; nil if it is long and has no end. A short one
    ///   ends with its line, whatever it lacks.
    private static func behind(_ quote: String, isLong: Bool, _ rest: Substring) -> Substring? {
        var rest = rest.dropFirst(quote.count)
        while let character = rest.first {
            if character == "\\" {
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix(quote) {
                return rest.dropFirst(quote.count)
            } else if character == "\n", !isLong {
                return rest
            } else {
                rest.removeFirst()
            }
        }
        return isLong ? nil : rest
    }
}
