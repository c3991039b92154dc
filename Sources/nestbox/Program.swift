import ArgumentParser
import Dispatch
import Glibc

/// Where the program begins. Not an asynchronous `main`: the two halves of `serve` change what the process may do, and
/// that must happen while it has one thread.
@main enum Program {
    static func main() {
        if CommandLine.arguments.dropFirst().first == ServerProgram.word { ServerProgram.run() }
        do {
            var command = try NestboxCommand.parseAsRoot()
            guard command is any AsyncParsableCommand else { return try command.run() }
            runInBackground()
        } catch {
            NestboxCommand.exit(withError: error)
        }
    }

    private static func runInBackground() -> Never {
        // Ends with the process, which lives for nothing else.
        Task {
            do {
                // Parsed here, since a command may not be handed from one thread to another.
                if var command = try NestboxCommand.parseAsRoot() as? any AsyncParsableCommand {
                    try await command.run()
                }
                Glibc.exit(0)
            } catch {
                NestboxCommand.exit(withError: error)
            }
        }
        dispatchMain()
    }
}

/// The commands. To add one: a file in `Commands/`, a line here.
struct NestboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nestbox", abstract: "Runs untrusted code in sandboxes.", version: "0.1.0",
        subcommands: [
            Run.self, ServeCommand.self, SandboxCommand.self, PoolCommand.self, EnvCommand.self, KeyCommand.self,
            Doctor.self, ConfigCommand.self, CodeCommand.self,
        ])
}
