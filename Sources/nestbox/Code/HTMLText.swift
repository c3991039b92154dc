/// What a page says, without its looks.
enum HTMLText {
    private static let blocks: Set<String> = [
        "p", "div", "br", "tr", "li", "ul", "ol", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd",
    ]

    /// One line for each block.
    static func plain(_ html: String) -> String {
        var lines = [""]
        for token in HTMLTokens(html) {
            switch token {
            case .text(let text): lines[lines.count - 1] += text
            case .open("td", _), .open("th", _): lines[lines.count - 1] += " "
            case .open(let name, _) where blocks.contains(name), .close(let name) where blocks.contains(name):
                lines.append("")
            default: break
            }
        }
        return lines.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
