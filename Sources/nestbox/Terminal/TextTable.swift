/// A table for people: columns as wide as their widest cell, numbers to the right.
struct TextTable: Hashable, Sendable {
    static let cellWidthLimit = 50
    private static let gap = "  "
    private static let cutMark = "…"

    /// Rows of names, above the rows of values.
    let head: [[String]]
    let rows: [[String]]
    /// A line below.
    var note: String?

    /// - Parameter width: of the terminal; columns that do not fit are left out from the right, and a last line says
    ///   how many. nil shows all.
    func lines(width: Int?) -> [String] {
        let cells = (head + rows).map { $0.map { Self.clean($0, isCut: width != nil) } }
        let count = cells.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            cells.map { column < $0.count ? DisplayWidth.of($0[column]) : 0 }.max() ?? 0
        }
        let shown = width.map { Self.fitting(widths, into: $0) } ?? count
        let alignsRight = (0..<shown).map { isNumeric(column: $0) }
        var lines = cells.map { row in
            let padded = (0..<shown).map { column in
                Self.pad(column < row.count ? row[column] : "", to: widths[column], toTheRight: alignsRight[column])
            }
            return Self.trimmed((shown < count ? padded + [Self.cutMark] : padded).joined(separator: Self.gap))
        }
        lines += note.map { [HarmlessText.line($0)] } ?? []
        if shown < count { lines.append("\(Self.cutMark) \(count - shown) of \(count) columns do not fit") }
        return lines
    }

    /// How many columns fit, the first always.
    private static func fitting(_ widths: [Int], into width: Int) -> Int {
        var used = -gap.count
        for (index, columnWidth) in widths.enumerated() {
            used += gap.count + columnWidth
            let needed = index < widths.count - 1 ? used + gap.count + cutMark.count : used
            if needed > width { return max(index, 1) }
        }
        return widths.count
    }

    private func isNumeric(column: Int) -> Bool {
        let values = rows.compactMap { column < $0.count && !$0[column].isEmpty ? $0[column] : nil }
        return !values.isEmpty && values.allSatisfy { Double($0) != nil || ["...", "<NA>", "NaT", "null"].contains($0) }
    }

    private static func clean(_ cell: String, isCut: Bool) -> String {
        let line = HarmlessText.line(cell)
        return isCut ? DisplayWidth.cut(line, to: cellWidthLimit) : line
    }

    private static func pad(_ cell: String, to width: Int, toTheRight: Bool) -> String {
        let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(cell)))
        return toTheRight ? padding + cell : cell + padding
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
