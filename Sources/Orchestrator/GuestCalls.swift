/// What the orchestrator asks of guests. Closures, so that it needs to know nothing of how guests are spoken to.
public struct GuestCalls: Sendable {
    /// Tells the guest its environment and its default user. Returns once the guest has answered.
    public var configure: @Sendable (LiveSandbox) async throws -> Void
    public var diskUsage: @Sendable (LiveSandbox) async throws -> DiskFigures
    /// Whether the guest answers, and soon.
    public var answers: @Sendable (LiveSandbox) async -> Bool

    public init(
        configure: @Sendable @escaping (LiveSandbox) async throws -> Void,
        diskUsage: @Sendable @escaping (LiveSandbox) async throws -> DiskFigures,
        answers: @Sendable @escaping (LiveSandbox) async -> Bool
    ) {
        self.configure = configure
        self.diskUsage = diskUsage
        self.answers = answers
    }
}

/// What a sandbox's writable layer holds, in bytes.
public struct DiskFigures: Sendable, Hashable {
    public var used: Int64
    public var total: Int64

    public init(used: Int64, total: Int64) {
        self.used = used
        self.total = total
    }
}
