extension TextTable {
    static let rowLimit = 60

    /// What the interpreter calls `data`: an object whose fields are columns, each a list of values.
    /// - Returns: nil if it is something else.
    init?(columns: JSONValue) {
        guard case .object(let fields) = columns, !fields.isEmpty else { return nil }
        var lists: [[JSONValue]] = []
        for field in fields {
            guard case .list(let values) = field.value else { return nil }
            lists.append(values)
        }
        let count = lists.map(\.count).max() ?? 0
        let rows = (0..<min(count, Self.rowLimit)).map { row in
            lists.map { row < $0.count ? $0[row].label : "" }
        }
        self.init(
            head: [fields.map(\.name)], rows: rows,
            note: count > Self.rowLimit ? "\(Self.rowLimit) of \(count) rows" : nil)
    }
}
