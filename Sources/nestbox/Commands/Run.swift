import ArgumentParser
import DirectRun

/// `nestbox run`: one command in a sandbox on the spot. The small program that people start has it built in and does
/// not come here; this is for whoever starts the full one.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one command in a sandbox, without a server.", discussion: RunUsage.text)

    @Argument(parsing: .captureForPassthrough, help: "Options, -- and the command.")
    var arguments: [String] = []

    func run() throws {
        throw ExitCode(DirectRun.main(arguments: arguments))
    }
}
