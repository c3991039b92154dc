/// How a text that is being typed looks in a terminal: its rows, and where the cursor is.
struct Painting: Hashable, Sendable {
    private(set) var rows: [String] = [""]
    private(set) var cursorRow = 0
    private(set) var cursorColumn = 0

    /// - Parameters:
    ///   - prompt: before the first line.
    ///   - continuation: before every other line.
    init(_ buffer: LineBuffer, prompt: String, continuation: String, width: Int) {
        var column = 0
        func newRow() {
            rows.append("")
            column = 0
        }
        func put(_ text: some StringProtocol) {
            for character in text {
                if character == "\n" {
                    newRow()
                    put(continuation)
                    continue
                }
                let shown = Self.shown(character)
                let columns = DisplayWidth.of(shown)
                if column + columns > width { newRow() }
                rows[rows.count - 1] += shown
                column += columns
            }
        }
        put(prompt)
        put(buffer.before)
        if column >= width { newRow() }
        (cursorRow, cursorColumn) = (rows.count - 1, column)
        put(buffer.after)
    }

    private static func shown(_ character: Character) -> String {
        if character == "\t" { return String(repeating: " ", count: DisplayWidth.tabWidth) }
        return String(String.UnicodeScalarView(character.unicodeScalars.map(HarmlessText.shown)))
    }

    /// As much of it as a terminal can show at once, the cursor in it.
    func window(height: Int) -> Painting {
        guard rows.count > height, height > 0 else { return self }
        var window = self
        let first = min(max(0, cursorRow - height + 1), rows.count - height)
        window.rows = Array(rows[first..<first + height])
        window.cursorRow -= first
        return window
    }
}
