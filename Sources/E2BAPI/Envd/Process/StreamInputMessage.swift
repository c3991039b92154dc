import GuestProtocol

/// `StreamInputRequest`: one of start, data and keepalive.
struct StreamInputMessage: Decodable, Sendable {
    enum Event: Sendable {
        case start(ProcessSelector)
        case data(InputMessage)
        case keepalive
    }

    let event: Event

    private struct Start: Decodable {
        let selector: ProcessSelector

        init(from decoder: any Decoder) throws {
            selector = try ProcessMessage(from: decoder).selector
        }
    }

    private struct DataMessage: Decodable {
        let input: InputMessage

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: ProtoKey.self)
            guard let input = try fields.field("input", InputMessage.self) else {
                throw ConnectError(.invalidArgument, "data.input: missing, one of stdin and pty is due")
            }
            self.input = input
        }
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        let start = try fields.field("start", Start.self)
        let data = try fields.field("data", DataMessage.self)
        let keepalive = try fields.field("keepalive", EmptyMessage.self)
        switch (start, data, keepalive) {
        case (let start?, nil, nil): event = .start(start.selector)
        case (nil, let data?, nil): event = .data(data.input)
        case (nil, nil, _?): event = .keepalive
        default: throw ConnectError(.invalidArgument, "event: one of start, data and keepalive is due")
        }
    }
}
