import GuestClient
import Logging
import NIOCore
import Orchestrator
import SandboxModel

/// What envd needs from the rest of the server.
struct EnvdEnvironment: Sendable {
    let guest: GuestClient
    /// Adds to a sandbox's log.
    let record: @Sendable (SandboxEvent, SandboxID) async -> Void
    let metrics: @Sendable (LiveSandbox) async throws -> SandboxMetrics
    let watchers: WatcherService
    let clock: any WallClock
    let logger: Logger
    /// Whether a symbolic link says that it is one (`is_symlink`), as clients since 2.63 expect.
    let reportsSymbolicLinks: Bool
}
