/// How many processes one user of a sandbox may have, told to each command when it starts (`RLIMIT_NPROC`, the same
/// on cgroup v1 and v2): always more than to the commands before it. So a fork bomb, which takes all that it was told,
/// leaves room for the next command of its own user, and for PID 1's. A bomb of several users together meets only the
/// cgroup's limit, which is for all.
public struct ProcessReserve: Sendable, Hashable {
    private static let size: UInt64 = 128

    /// For what is forked into the sandbox and is no command.
    public let forked: UInt64
    private let step: UInt64
    private let last: UInt64

    /// - Parameter limit: of the whole sandbox.
    public init(limit: UInt64) {
        let size = min(Self.size, max(limit / 4, min(4, limit)))
        forked = limit - size
        step = max(1, size / 16)
        last = max(forked, limit - 2 * step)
    }

    /// For a command beside others, of whom none was told more than `others`.
    public func next(beside others: UInt64) -> UInt64 {
        min(last, max(forked, others) + step)
    }
}
