import Synchronization

/// Something that happens once, awaited by one task.
final class Signal: Sendable {
    private enum State {
        case quiet
        case awaited(CheckedContinuation<Void, Never>)
        case raised
    }

    private let state = Mutex(State.quiet)

    func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .raised }
            guard case .awaited(let waiter) = state else { return nil }
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal is raised, or was, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                state.withLock { state in
                    guard case .quiet = state else { return waiter.resume() }
                    state = .awaited(waiter)
                }
            }
        } onCancel: {
            raise()
        }
    }
}
