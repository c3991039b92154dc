import ArgumentParser

struct SandboxInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "Tells all about a sandbox.")

    @OptionGroup var remote: RemoteOptions
    @Argument(help: "The sandbox's id.") var id: String

    func run() async throws {
        let found = try await remote.server().call(
            .GET, "/sandboxes/\(RemoteServer.segment(id))", as: SandboxSummary.self)
        if remote.json { return try Output.json(found) }
        let metadata = (found.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        Output.table(
            ["ID", found.sandboxID],
            [
                ["TEMPLATE", found.alias ?? found.templateID], ["STATE", found.state], ["STARTED", found.startedAt],
                ["ENDS", found.endAt], ["CPUS", "\(found.cpuCount)"], ["MEMORY", "\(found.memoryMB) MiB"],
                ["DISK", "\(found.diskSizeMB) MiB"], ["METADATA", metadata.joined(separator: " ")],
            ])
    }
}
