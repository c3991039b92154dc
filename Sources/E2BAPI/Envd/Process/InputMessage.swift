import GuestProtocol

/// `ProcessInput`: `{"stdin": ".."}` or `{"pty": ".."}`.
struct InputMessage: Decodable, Sendable {
    let channel: ProcessInput.Channel
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        switch (try fields.field("stdin", ProtoBytes.self), try fields.field("pty", ProtoBytes.self)) {
        case (let pipe?, nil): (channel, bytes) = (.pipe, pipe.value)
        case (nil, let terminal?): (channel, bytes) = (.terminal, terminal.value)
        default: throw ConnectError(.invalidArgument, "input: one of stdin and pty is due")
        }
    }

    /// In the order of the stream, none longer than a piece.
    var pieces: [ProcessInput] {
        stride(from: 0, to: bytes.count, by: EnvdLimits.inputPieceBytes).map { start in
            let end = min(start + EnvdLimits.inputPieceBytes, bytes.count)
            return ProcessInput(channel: channel, bytes: Array(bytes[start..<end]))
        }
    }
}
