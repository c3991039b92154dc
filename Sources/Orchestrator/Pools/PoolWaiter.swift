import SandboxModel
import Synchronization

/// What a request gets of its pool.
enum PoolGrant: Sendable {
    /// The tenant has no pool of this template.
    case noPool
    /// One that was ready; it is the asker's to claim or to give back.
    case ready(LiveSandbox)
    /// None was ready; the asker makes one under the name it came with.
    case room
    /// All were in use for as long as the pool lets anybody wait, or until the asker was cancelled.
    case none(PoolSettings)
}

/// A request that waits for its pool. Resumed exactly once, by the actor that holds it.
final class PoolWaiter: Sendable {
    /// Under which the asker would make a sandbox.
    let id: SandboxID
    let deadline: ContinuousClock.Instant
    let settings: PoolSettings
    private let continuation: CheckedContinuation<PoolGrant, Never>
    /// Set from whatever thread cancels the asker.
    private let cancellation: Cancellation

    /// Outlives the waiter in the asker's hands.
    final class Cancellation: Sendable {
        private let isSet = Atomic(false)
        var isCancelled: Bool { isSet.load(ordering: .acquiring) }
        func cancel() { isSet.store(true, ordering: .releasing) }
    }

    init(
        id: SandboxID, deadline: ContinuousClock.Instant, settings: PoolSettings, cancellation: Cancellation,
        continuation: CheckedContinuation<PoolGrant, Never>
    ) {
        self.id = id
        self.deadline = deadline
        self.settings = settings
        self.cancellation = cancellation
        self.continuation = continuation
    }

    func isOver(at now: ContinuousClock.Instant) -> Bool {
        cancellation.isCancelled || deadline <= now
    }

    func resume(_ grant: PoolGrant) {
        continuation.resume(returning: grant)
    }
}
