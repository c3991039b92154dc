import GuestProtocol
import KernelProtocol
import WireCoding

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
        guard tag != KernelPlace.tag else {
            throw ConnectError(.invalidArgument, "tag: '\(KernelPlace.tag)' is reserved")
        }
        // Clients from before the field existed count on it.
        hasInput = try fields.field("stdin") ?? true
    }
}
