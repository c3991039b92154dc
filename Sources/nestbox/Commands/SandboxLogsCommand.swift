import ArgumentParser

struct SandboxLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Tells what happened to a sandbox and what its commands were.")

    @OptionGroup var remote: RemoteOptions
    @Argument(help: "The sandbox's id.") var id: String
    @Option(help: "Most lines.") var limit = 1000

    private struct Logs: Codable {
        struct Entry: Codable {
            let timestamp: String
            let level: String
            let message: String
            let fields: [String: String]
        }

        let logs: [Entry]
    }

    func run() async throws {
        let target = "/v2/sandboxes/\(RemoteServer.segment(id))/logs?limit=\(limit)"
        let found = try await remote.server().call(.GET, target, as: Logs.self).logs
        if remote.json { return try Output.json(found) }
        for line in found {
            let fields = line.fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            print(Output.printable("\(line.timestamp) \(line.level) \(line.message)\(fields)"))
        }
    }
}
