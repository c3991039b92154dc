import GuestProtocol
import WireCoding

// The messages of package `process`, as clients send them. Each decodes into what the guest is asked.

/// `StartRequest`.
struct StartMessage: Decodable, Sendable {
    struct Config: Decodable, Sendable {
        let command: String
        let arguments: [String]
        let environment: [WirePair]
        let workingDirectory: String?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: ProtoKey.self)
            command = try fields.field("cmd") ?? ""
            arguments = try fields.field("args") ?? []
            let variables = try fields.field("envs", [String: String].self) ?? [:]
            environment = variables.sorted { $0.key < $1.key }.map { WirePair(name: $0.key, value: $0.value) }
            workingDirectory = try fields.field("cwd")
        }
    }

    let config: Config
    let terminal: TerminalSize?
    let tag: String?
    let hasInput: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        guard let config = try fields.field("process", Config.self), !config.command.isEmpty else {
            throw ConnectError(.invalidArgument, "process.cmd: empty, a command is due")
        }
        self.config = config
        terminal = try fields.field("pty", TerminalMessage.self).map { try $0.size() }
        tag = try fields.field("tag")
        // Clients from before the field existed count on it.
        hasInput = try fields.field("stdin") ?? true
    }
}

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

/// `ProcessSelector`: `{"pid": 1}` or `{"tag": "t"}`.
struct SelectorMessage: Decodable, Sendable {
    let selector: ProcessSelector

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        switch (try fields.field("pid", ProtoInteger<UInt32>.self), try fields.field("tag", String.self)) {
        case (let pid?, nil): selector = .pid(pid.value)
        case (nil, let tag?): selector = .tag(tag)
        default: throw ConnectError(.invalidArgument, "process: one of pid and tag is due")
        }
    }
}

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

/// Any request that names a process and perhaps one thing more.
struct ProcessMessage: Decodable, Sendable {
    let selector: ProcessSelector
    let terminal: TerminalSize?
    let input: InputMessage?
    let signal: SignalMessage?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        guard let process = try fields.field("process", SelectorMessage.self) else {
            throw ConnectError(.invalidArgument, "process: missing, one of pid and tag is due")
        }
        selector = process.selector
        terminal = try fields.field("pty", TerminalMessage.self).map { try $0.size() }
        input = try fields.field("input")
        signal = try fields.field("signal")
    }
}

/// `Signal`, by name or number.
struct SignalMessage: Decodable, Sendable {
    let number: Int32

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = try? container.decode(String.self) else {  // not a name: a number then
            number = try container.decode(Int32.self)
            return
        }
        switch name {
        case "SIGNAL_SIGKILL": number = 9
        case "SIGNAL_SIGTERM": number = 15
        case "SIGNAL_UNSPECIFIED": number = 0
        default: throw ConnectError(.invalidArgument, "signal: '\(name.prefix(40))' is not a signal")
        }
    }
}

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

/// `{}`, and whatever else a client puts in.
struct EmptyMessage: Codable, Sendable {
    init() {}

    init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: ProtoKey.self)
    }

    func encode(to encoder: any Encoder) throws {
        _ = encoder.container(keyedBy: ProtoKey.self)
    }
}
