import APIClient
import ArgumentParser
import Foundation

struct SandboxListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the sandboxes that are alive, newest first.")

    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let server = try remote.server()
        var all: [SandboxSummary] = []
        var token: String?
        repeat {
            let page = token.map { "&nextToken=\(RemoteServer.segment($0))" } ?? ""
            let answer = try await server.call(.GET, "/v2/sandboxes?limit=100\(page)")
            all += try JSONDecoder().decode([SandboxSummary].self, from: Data(buffer: answer.body))
            token = answer.headers.first(name: "x-next-token")
        } while token?.isEmpty == false
        if remote.json { return try Output.json(all) }
        Output.table(
            ["ID", "TEMPLATE", "STATE", "STARTED", "ENDS", "CPUS", "MIB"],
            all.map {
                [
                    $0.sandboxID, $0.alias ?? $0.templateID, $0.state, $0.startedAt, $0.endAt, "\($0.cpuCount)",
                    "\($0.memoryMB)",
                ]
            })
    }
}
