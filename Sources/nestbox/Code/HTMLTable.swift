/// The first table of a page, as pandas and others write theirs.
struct HTMLTable {
    static let cellLimit = 20_000
    static let spanLimit = 1000
    /// Of what stands behind the table, in characters: `5 rows × 3 columns`.
    static let noteLimit = 200

    let table: TextTable

    /// - Returns: nil if there is none with a cell in it, or one over the limits.
    init?(_ html: String) {
        var grid = Grid()
        var note = ""
        for token in HTMLTokens(html) {
            guard grid.take(token) else { return nil }
            if grid.isClosed, case .text(let text) = token, note.count < Self.noteLimit { note += text }
        }
        guard grid.isClosed, grid.rows.contains(where: { !$0.isEmpty }) else { return nil }
        let line = note.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        table = TextTable(
            head: Array(grid.rows.prefix(grid.headCount)), rows: Array(grid.rows.dropFirst(grid.headCount)),
            note: line.isEmpty ? nil : String(line.prefix(Self.noteLimit)))
    }

    /// The cells so far. A cell that reaches over several rows or columns stands in the first of them.
    private struct Grid {
        private(set) var rows: [[String]] = []
        private(set) var headCount = 0
        private(set) var isClosed = false
        private var isOpen = false
        private var isHead = false
        private var cell: Cell?
        /// How many rows below are still taken, by column.
        private var taken: [Int: Int] = [:]
        private var cellCount = 0

        private struct Cell {
            var text = ""
            let columns: Int
            let rows: Int
        }

        /// - Returns: false over the limits.
        mutating func take(_ token: HTMLTokens.Token) -> Bool {
            guard isOpen, !isClosed else {
                if case .open("table", _) = token { isOpen = true }
                return true
            }
            switch token {
            case .text(let text): cell?.text += text
            case .open("thead", _): isHead = true
            case .open("tbody", _), .close("thead"): isHead = false
            case .open("tr", _): newRow()
            case .open("td", let attributes), .open("th", let attributes):
                guard finishCell() else { return false }
                cell = Cell(columns: Self.span(attributes["colspan"]), rows: Self.span(attributes["rowspan"]))
            case .open("br", _): cell?.text += " "
            case .close("td"), .close("th"), .close("tr"): return finishCell()
            case .close("table"):
                isClosed = true
                return finishCell()
            default: break
            }
            return true
        }

        private mutating func newRow() {
            rows.append([])
            if isHead { headCount = rows.count }
            skipTaken()
        }

        /// Columns that a cell of a row above reaches into are empty.
        private mutating func skipTaken() {
            while let last = rows.indices.last, let more = taken[rows[last].count] {
                taken[rows[last].count] = more > 1 ? more - 1 : nil
                rows[last].append("")
            }
        }

        private mutating func finishCell() -> Bool {
            guard let finished = cell else { return true }
            cell = nil
            if rows.isEmpty { newRow() }
            cellCount += finished.columns * finished.rows
            guard cellCount <= HTMLTable.cellLimit else { return false }
            for column in 0..<finished.columns {
                let last = rows.count - 1
                if finished.rows > 1 { taken[rows[last].count] = finished.rows - 1 }
                let text = finished.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                rows[last].append(column == 0 ? text : "")
            }
            skipTaken()
            return true
        }

        private static func span(_ text: String?) -> Int {
            min(max(text.flatMap { Int($0) } ?? 1, 1), HTMLTable.spanLimit)
        }
    }
}
