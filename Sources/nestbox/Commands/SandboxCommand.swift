import ArgumentParser

/// `nestbox sandbox`: what E2B's clients do, by hand.
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Sandboxes of a running server.",
        subcommands: [
            SandboxCreateCommand.self, SandboxListCommand.self, SandboxInfoCommand.self, SandboxExecCommand.self,
            SandboxShellCommand.self, SandboxLogsCommand.self, SandboxResetCommand.self, SandboxKillCommand.self,
        ])
}

/// `NAME=VALUE`, as often as wanted.
struct Pair: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        (name, value) = (String(parts[0]), String(parts[1]))
    }

    static func map(_ pairs: [Pair]) -> [String: String] {
        Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last }
    }
}
