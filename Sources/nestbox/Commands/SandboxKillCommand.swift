import ArgumentParser

struct SandboxKillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kill", abstract: "Ends sandboxes.")

    @OptionGroup var remote: RemoteOptions
    @Argument(help: "The sandboxes' ids.") var ids: [String]

    func run() async throws {
        let server = try remote.server()
        for id in ids { _ = try await server.call(.DELETE, "/sandboxes/\(RemoteServer.segment(id))") }
        if remote.json { try Output.json(ids) }
    }
}
