import ArgumentParser

/// `nestbox sandbox`.
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sandbox", abstract: "Sandboxes of a running server.")
}
