import Synchronization

/// Hands parts from an event loop to one task. What arrived and was not taken is bounded by whoever delivers: it reads
/// on only while `isDemanded`.
public final class Mailbox<Part: Sendable>: Sendable {
    private struct State {
        var parts: [Part] = []
        var waiter: CheckedContinuation<Part?, any Error>?
        /// Set once: nothing is delivered after.
        var end: Result<Void, any Error>?
    }

    private let state = Mutex(State())
    private let demand: @Sendable () -> Void

    /// - Parameter demand: called each time a reader starts to wait.
    public init(demand: @escaping @Sendable () -> Void) {
        self.demand = demand
    }

    /// True while a reader waits.
    public var isDemanded: Bool {
        state.withLock { $0.waiter != nil }
    }

    /// True while nothing waits to be taken.
    public var isEmpty: Bool {
        state.withLock { $0.parts.isEmpty }
    }

    public func deliver(_ part: Part) {
        let waiter = state.withLock { state -> CheckedContinuation<Part?, any Error>? in
            guard state.end == nil else { return nil }
            guard let waiter = state.waiter.take() else {
                state.parts.append(part)
                return nil
            }
            return waiter
        }
        waiter?.resume(returning: part)
    }

    /// No more parts. Those that were delivered can still be taken.
    public func finish() {
        close(.success(()), dropping: false)
    }

    /// No more parts, and those not yet taken are dropped, unless they are to be taken before the error is.
    public func fail(_ error: any Error, dropping: Bool = true) {
        close(.failure(error), dropping: dropping)
    }

    /// The next part, or nil at the end. One reader at a time.
    /// - Throws: what `fail` was given, or `CancellationError`.
    public func next() async throws -> Part? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                let isWaiting = state.withLock { state in
                    if !state.parts.isEmpty {
                        reader.resume(returning: state.parts.removeFirst())
                    } else if let end = state.end {
                        reader.resume(with: end.map { nil })
                    } else {
                        precondition(state.waiter == nil, "A mailbox has one reader.")
                        state.waiter = reader
                        return true
                    }
                    return false
                }
                if isWaiting { demand() }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    private func close(_ end: Result<Void, any Error>, dropping: Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Part?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = end
            if dropping { state.parts = [] }
            return state.waiter.take()
        }
        waiter?.resume(with: end.map { nil })
    }
}
