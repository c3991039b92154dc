import ArgumentParser
import DirectRun
import Foundation
import Glibc

/// `nestbox code`: code in an interpreter sandbox, typed or given.
struct CodeCommand: AsyncParsableCommand {
    static let standardTemplate = "code-interpreter-v1"
    /// As `timeout` and `nestbox run` have it.
    static let timedOutStatus: Int32 = 124

    static let configuration = CommandConfiguration(
        commandName: "code", abstract: "Runs code in an interpreter sandbox; without code, opens a shell on one.",
        discussion: """
            Standard output and standard error are the code's; so are results, on standard output. The exit code is 0, \
            1 if the code failed, 124 if the time was up, 128 + N if signal N ended the command.
            """)

    @OptionGroup var remote: RemoteOptions
    @Option(name: .customShort("c"), parsing: .unconditional, help: "The code itself.") var code: String?
    @Argument(help: "A file of code; - is standard input.") var script: String?
    @Option(help: "What the sandbox starts from (default: \(standardTemplate)).") var template: String?
    @Option(help: "The id of a live sandbox to use; it is left as it is.") var sandbox: String?
    @Flag(help: "Let the new sandbox live on for an hour; its id is told on standard error.") var keep = false
    @Option(help: "python, javascript, typescript or bash (default: by the file's name, else the template's own).")
    var language: String?
    @Option(help: "Interrupt a run after this time, as 500ms, 30s, 2m (default: none).", transform: timeLimit)
    var timeout: Duration?
    @Option(help: "NAME=VALUE of the run's environment; may be repeated.") var env: [Pair] = []
    @Option(help: "Where images are written (default: a fresh directory below the temporary one).")
    var images: String?

    private static func timeLimit(_ text: String) throws -> Duration {
        do {
            return .milliseconds(try RunQuantity.milliseconds(text))
        } catch {
            throw ValidationError(error.sentence)
        }
    }

    func validate() throws {
        guard code == nil || script == nil else { throw ValidationError("give -c or a file, not both") }
        guard sandbox == nil || template == nil else { throw ValidationError("give --sandbox or --template, not both") }
        guard sandbox == nil || !keep else { throw ValidationError("--keep is for new sandboxes: others stay") }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let source = try source()
        guard source != nil || !remote.json else { throw ValidationError("--json wants code: -c, a file or -") }
        let server = try remote.server()
        // A command may not be handed from one thread to another; these values may.
        let (sandbox, lease) = (sandbox, lease(on: server))
        let session = session(source)
        switch try await Signals.race({
            guard let sandbox else { return try await lease.withSandbox(session) }
            return try await session(RemoteSandbox(sandbox, on: server))
        }) {
        case .finished(0): return
        case .finished(let status): throw ExitCode(status)
        case .signalled(let number): throw ExitCode(128 + number)
        }
    }

    /// nil if it is to be typed.
    private func source() throws -> CodeSource? {
        if let code { return CodeSource(text: code) }
        if let script { return try CodeSource(path: script) }
        return RawTerminal.isPresent ? nil : try CodeSource(path: "-")
    }

    private func lease(on server: RemoteServer) -> SandboxLease {
        SandboxLease(server: server, template: template ?? Self.standardTemplate, keepsSandbox: keep)
    }

    /// What is done with the sandbox; answers the exit code.
    private func session(_ source: CodeSource?) -> @Sendable (RemoteSandbox) async throws -> Int32 {
        let (language, environment, limit) = (language ?? source?.language, Pair.map(env), timeout)
        let style = CellStyle(isJSON: remote.json, isConversation: source == nil)
        let images = ImageFolder(images)
        return { sandbox in
            let cells = CellRun(
                interpreter: RemoteInterpreter(sandbox: sandbox), language: language, environment: environment,
                limit: limit, style: style, images: images)
            guard let source else {
                let history = HistoryFile(environment: ProcessInfo.processInfo.environment)
                try await CodeShell(cells: cells, history: history).run()
                return 0
            }
            return Self.status(of: try await cells.run(source.text), limit)
        }
    }

    private static func status(of ending: CellRun.Ending, _ limit: Duration?) -> Int32 {
        switch ending {
        case .finished(_, let hasFailed): return hasFailed ? EXIT_FAILURE : EXIT_SUCCESS
        case .interrupted: return 128 + SIGINT
        case .timedOut:
            Output.note("the time is up: the run was interrupted after \(limit.map { "\($0)" } ?? "a while")")
            return timedOutStatus
        }
    }
}
