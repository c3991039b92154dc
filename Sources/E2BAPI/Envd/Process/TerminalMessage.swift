import GuestProtocol

/// `PTY`: `{"size": {"cols": 80, "rows": 24}}`.
struct TerminalMessage: Decodable, Sendable {
    private let columns: Int64
    private let rows: Int64

    private struct Size: Decodable {
        let columns: Int64
        let rows: Int64

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: ProtoKey.self)
            columns = try fields.field("cols", ProtoInteger<Int64>.self)?.value ?? 0
            rows = try fields.field("rows", ProtoInteger<Int64>.self)?.value ?? 0
        }
    }

    init(from decoder: any Decoder) throws {
        let size = try decoder.container(keyedBy: ProtoKey.self).field("size", Size.self)
        (columns, rows) = (size?.columns ?? 0, size?.rows ?? 0)
    }

    func size() throws(ConnectError) -> TerminalSize {
        guard let columns = UInt16(exactly: columns), let rows = UInt16(exactly: rows) else {
            throw ConnectError(.invalidArgument, "pty.size: \(columns)x\(rows) is not within 0...\(UInt16.max) each")
        }
        return TerminalSize(columns: columns, rows: rows)
    }
}
