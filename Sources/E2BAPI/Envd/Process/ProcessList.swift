import GuestClient
import GuestProtocol
import HTTPExchange
import KernelProtocol

extension ProcessCalls {
    func list() async -> HTTPResponse {
        await call.unary(EmptyMessage.self) { _, header in
            try await call.withExchange(.listProcesses, timeout: header.timeout ?? GuestClientLimits.replyTimeout) {
                var processes: [ProcessAnswer] = []
                while true {
                    switch try await $0.reply() {
                    // Kernels of the code interpreter are the server's own.
                    case .process(let process) where process.tag == KernelPlace.tag: continue
                    case .process(let process): processes.append(ProcessAnswer(process))
                    case .end: return ProcessListAnswer(processes: processes)
                    default: throw GuestClientError.protocolViolation("neither a process nor the list's end")
                    }
                }
            }
        }
    }
}

/// `ListResponse`.
private struct ProcessListAnswer: Encodable, Sendable {
    let processes: [ProcessAnswer]
}

/// `ProcessInfo`.
private struct ProcessAnswer: Encodable, Sendable {
    struct Config: Encodable, Sendable {
        let cmd: String
        let args: [String]
        let envs: [String: String]
        let cwd: String?
    }

    let config: Config
    let pid: UInt32
    let tag: String?

    init(_ process: ProcessDescription) {
        let variables = process.environment.map { ($0.name, $0.value) }
        config = Config(
            cmd: process.command, args: process.arguments,
            envs: Dictionary(variables, uniquingKeysWith: { _, last in last }), cwd: process.workingDirectory)
        pid = process.pid
        tag = process.tag
    }
}
