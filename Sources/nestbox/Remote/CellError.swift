/// Why a cell failed.
struct CellError: Hashable, Sendable {
    let name: String
    let value: String
    let traceback: String

    /// For people: the traceback, which ends with name and value; or those two where there is none.
    var text: String { traceback.isEmpty ? "\(name): \(value)" : traceback }
}
