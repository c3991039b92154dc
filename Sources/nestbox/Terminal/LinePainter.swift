/// Puts one painting in the place of the one before.
struct LinePainter: Sendable {
    private static let clearBelow = "\u{1b}[J"
    private static let clearScreen = "\u{1b}[H\u{1b}[2J"

    private var cursorRow = 0

    /// What the terminal is to be told.
    mutating func paint(_ painting: Painting) -> String {
        defer { cursorRow = painting.cursorRow }
        let below = painting.rows.count - 1 - painting.cursorRow
        return toStart() + Self.clearBelow + painting.rows.joined(separator: "\r\n") + Self.up(below) + "\r"
            + (painting.cursorColumn > 0 ? "\u{1b}[\(painting.cursorColumn)C" : "")
    }

    /// Leaves the painting where it is and goes on below it.
    mutating func leave(_ painting: Painting, mark: String = "") -> String {
        defer { cursorRow = 0 }
        return toStart() + Self.clearBelow + painting.rows.joined(separator: "\r\n") + mark + "\r\n"
    }

    mutating func clear() -> String {
        cursorRow = 0
        return Self.clearScreen
    }

    private func toStart() -> String {
        Self.up(cursorRow) + "\r"
    }

    private static func up(_ rows: Int) -> String {
        rows > 0 ? "\u{1b}[\(rows)A" : ""
    }
}
