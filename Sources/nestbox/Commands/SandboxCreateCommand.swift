import ArgumentParser

struct SandboxCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a sandbox and prints its id.")

    @OptionGroup var remote: RemoteOptions
    @Option(help: "What it starts from.") var template = "base"
    @Option(help: "Seconds until it ends.") var timeout = 300
    @Option(help: "NAME=VALUE; may be repeated.") var metadata: [Pair] = []
    @Option(help: "NAME=VALUE of every command's environment; may be repeated.") var env: [Pair] = []

    private struct Request: Encodable {
        let templateID: String
        let timeout: Int
        let metadata: [String: String]
        let envVars: [String: String]
    }

    private struct Created: Codable {
        let sandboxID: String
        let templateID: String
    }

    func run() async throws {
        let request = Request(
            templateID: template, timeout: timeout, metadata: Pair.map(metadata), envVars: Pair.map(env))
        let created = try await remote.server().call(.POST, "/v2/sandboxes", request, as: Created.self)
        if remote.json { try Output.json(created) } else { print(created.sandboxID) }
    }
}
