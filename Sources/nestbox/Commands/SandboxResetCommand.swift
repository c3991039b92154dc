import ArgumentParser

struct SandboxResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Makes a sandbox as new, under its name: processes, files, environment.")

    @OptionGroup var remote: RemoteOptions
    @Argument(help: "The sandbox's id.") var id: String

    private struct Reset: Codable {
        let sandboxID: String
        let templateID: String
    }

    func run() async throws {
        let target = "/nestbox/sandboxes/\(RemoteServer.segment(id))/reset"
        let reset = try await remote.server().call(.POST, target, as: Reset.self)
        if remote.json { try Output.json(reset) }
    }
}
