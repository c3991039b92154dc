import ArgumentParser
import Dispatch
import Glibc

/// Where the program begins. Not an asynchronous `main`: the two halves of `serve` change what the process may do, and
/// that must happen while it has one thread.
@main enum Program {
    static func main() {
        setvbuf(stdout, nil, _IOLBF, 0)
        if CommandLine.arguments.dropFirst().first == ServerProgram.word { ServerProgram.run() }
        do {
            var command = try NestboxCommand.parseAsRoot()
            if let command = command as? any AsyncParsableCommand {
                runInBackground(command)
            } else {
                try command.run()
            }
        } catch {
            NestboxCommand.exit(withError: error)
        }
    }

    private static func runInBackground(_ command: any AsyncParsableCommand) -> Never {
        // Ends with the process, which lives for nothing else.
        Task {
            do {
                var command = command
                try await command.run()
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
            ServeCommand.self, EnvCommand.self, KeyCommand.self, SandboxCommand.self, ConfigCommand.self,
        ])
}
