import GuestProtocol
import KernelProtocol

// The messages of package `process`, here and beside, as clients send them. Each decodes into what the guest is asked.

/// `ProcessSelector`: `{"pid": 1}` or `{"tag": "t"}`.
struct SelectorMessage: Decodable, Sendable {
    let selector: ProcessSelector

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        switch (try fields.field("pid", ProtoInteger<UInt32>.self), try fields.field("tag", String.self)) {
        case (let pid?, nil): selector = .pid(pid.value)
        case (nil, KernelPlace.tag?): throw ConnectError(.notFound, "process with tag \(KernelPlace.tag) not found")
        case (nil, let tag?): selector = .tag(tag)
        default: throw ConnectError(.invalidArgument, "process: one of pid and tag is due")
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
