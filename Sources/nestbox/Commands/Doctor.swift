import ArgumentParser
import HostProbes

/// `nestbox doctor`: what this host can do, found out by trying.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try what this host can do, and say for each isolation level if it can be used.")

    @Flag(help: "Print JSON.")
    var json = false

    /// Fails if the level that sandboxes run at cannot be used.
    func run() throws {
        let report = HostReport.take()
        print(json ? report.json : report.text, terminator: "")
        for level in report.levels where level.name == "process" {
            if case .missing = level.outcome { throw ExitCode.failure }
        }
    }
}
