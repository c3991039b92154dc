import ArgumentParser
import Foundation
import Glibc

/// `nestbox sandbox exec ID -- CMD…`: ends as the command ends.
struct SandboxExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a command in a sandbox; exits with its status.")

    @OptionGroup var remote: RemoteOptions
    @Flag(name: .shortAndLong, help: "Pass standard input on.") var input = false
    @Option(help: "Whose rights it has; default is the template's user.") var user: String?
    @Option(help: "Where it runs; default is the user's home.") var cwd: String?
    @Option(help: "NAME=VALUE; may be repeated.") var env: [Pair] = []
    @Argument(help: "The sandbox's id.") var id: String
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.") var command: [String]

    func run() async throws {
        guard let program = command.first else { throw ValidationError("a command is wanted behind --") }
        let sandbox = try await RemoteSandbox(id, on: remote.server())
        let message = StartMessage(
            process: .init(cmd: program, args: Array(command.dropFirst()), envs: Pair.map(env), cwd: cwd), pty: nil,
            stdin: input)
        let end = try await Conversation(sandbox: sandbox, input: input ? .pipe : .none)
            .run(message, user: user)
        throw ExitCode(end.shellStatus)
    }
}

/// `nestbox sandbox shell ID`: a login shell at this terminal.
struct SandboxShellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "shell", abstract: "Opens a shell in a sandbox.")

    @OptionGroup var remote: RemoteOptions
    @Option(help: "Whose shell; default is the template's user.") var user: String?
    @Argument(help: "The sandbox's id.") var id: String

    func run() async throws {
        guard RawTerminal.isPresent else { throw ServeError("shell wants a terminal; `sandbox exec` does without") }
        let sandbox = try await RemoteSandbox(id, on: remote.server())
        let kind = ProcessInfo.processInfo.environment["TERM"] ?? "xterm"
        let message = StartMessage(
            process: .init(cmd: "/bin/bash", args: ["-i", "-l"], envs: ["TERM": kind], cwd: nil),
            pty: RawTerminal.size, stdin: true)
        let end = try await RawTerminal.withRawMode {
            try await Conversation(sandbox: sandbox, input: .terminal).run(message, user: user)
        }
        throw ExitCode(end.shellStatus)
    }
}

extension ProcessEvent.End {
    /// As a shell counts it: what a signal ended has no code of its own.
    var shellStatus: Int32 {
        exited ?? true ? exitCode ?? 0 : 128 + SIGKILL
    }
}
