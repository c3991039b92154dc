/// What the code interpreter tells while a cell runs, one JSON object each.
enum InterpreterEvent: Hashable, Sendable {
    /// The number of the cell that begins.
    case count(Int)
    case stdout(String)
    case stderr(String)
    case result(CellResult)
    case error(CellError)
    /// The last one.
    case end
    /// One that says nothing to us: a sign of life, or a later version's.
    case other

    /// - Throws: `RemoteError` for a line that is no event.
    init(line: [UInt8]) throws(RemoteError) {
        guard let fields = JSONValue.fields(of: line[...]), let event = Self(fields) else {
            throw RemoteError("the server sent a line that is no event: \(Self.excerpt(line))")
        }
        self = event
    }

    private init?(_ fields: [String: ArraySlice<UInt8>]) {
        func text(_ name: String) -> String? { fields[name].flatMap(JSONValue.parse)?.text }
        switch text("type") {
        case "number_of_executions":
            guard let number = fields["execution_count"].flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) else {
                return nil
            }
            self = .count(number)
        case "stdout":
            guard let text = text("text") else { return nil }
            self = .stdout(text)
        case "stderr":
            guard let text = text("text") else { return nil }
            self = .stderr(text)
        case "result": self = .result(CellResult(fields))
        case "error":
            guard let name = text("name"), let value = text("value") else { return nil }
            self = .error(CellError(name: name, value: value, traceback: text("traceback") ?? ""))
        case "end_of_execution": self = .end
        case .some: self = .other
        case nil: return nil
        }
    }

    private static func excerpt(_ line: [UInt8]) -> String {
        HarmlessText.line(String(decoding: line.prefix(100), as: UTF8.self))
    }
}
