import Dispatch
import Glibc

/// The half of `nestbox serve` without rights, started by `Monitor` and by nobody else.
enum ServerProgram {
    /// What stands first on its command line.
    static let word = "__server"

    /// Gives up root, then serves until SIGTERM.
    static func run() -> Never {
        let handover: ServerHandover
        do {
            guard CommandLine.arguments.count == 3 else {
                throw ServeError("\(word) is started by `nestbox serve` only")
            }
            handover = try ServerHandover(CommandLine.arguments[2])
            try ServerRights.drop(handover)
        } catch {
            Monitor.say("\(error)")
            exit(1)
        }
        signal(SIGPIPE, SIG_IGN)
        // Ends with the process, which lives for nothing else.
        Task {
            do {
                try await Server(handover).run()
                exit(0)
            } catch {
                Monitor.say("\(error)")
                exit(1)
            }
        }
        dispatchMain()
    }
}
