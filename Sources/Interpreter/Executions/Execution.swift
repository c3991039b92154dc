import NIOCore
import Synchronization

/// One execution, between the worker that carries it out and the client that hears of it. What was offered and not yet
/// heard is bounded: the worker waits for the client, and the kernel for the worker. All of it counts for the share of
/// the code.
final class Execution: Sendable {
    /// What is to be done about an execution that is not to go on.
    enum Intervention: Sendable {
        /// Its client is gone: interrupt it.
        case abandoned
        /// Its kernel is to end.
        case stopped
    }

    private struct State {
        var events: [ExecutionEvent] = []
        var weight = 0
        /// Counted for the events that the client is being given, and for the lines that they become.
        var heard = 0
        /// A kernel has the code, or is being sent it.
        var isAtWork = false
        var lastEvent: ContinuousClock.Instant
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
        /// Set once: nothing is offered after.
        var outcome: Result<Void, InterpreterError>?
        var isAbandoned = false
    }

    private let code: ExecutableCode
    /// To be awaited by one task.
    let interventions: AsyncStream<Intervention>
    private let source: AsyncStream<Intervention>.Continuation
    private let state: Mutex<State>
    private let limits: InterpreterLimits

    init(_ code: ExecutableCode, limits: InterpreterLimits) {
        self.code = code
        self.limits = limits
        // One of each kind at most.
        (interventions, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(2))
        state = Mutex(State(lastEvent: .now))
    }

    // MARK: - The worker's end

    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
    var share: BudgetShare { code.share }

    /// The frame for the kernel, again for another kernel. From now on it is there until `finish`.
    /// - Returns: nil if the client left before it was begun.
    func begin() -> ByteBuffer? {
        state.withLock { state in
            guard state.isAtWork || !state.isAbandoned else { return nil }
            if !state.isAtWork { share.change(by: InterpreterLimits.workBytes) }
            state.isAtWork = true
            return code.request
        }
    }

    /// Returns once there is room for the next event, or nobody listens any more.
    /// - Parameter bytes: counted so far for what has become the event.
    func offer(_ event: ExecutionEvent, insteadOf bytes: Int = 0) async {
        let mayWait = push(event, insteadOf: bytes)
        guard mayWait else { return }
        await withCheckedContinuation { writer in
            let isFull = state.withLock { state in
                guard state.weight > limits.heldBytes, !state.isAbandoned else { return false }
                precondition(state.writer == nil, "an execution has one worker")
                state.writer = writer
                return true
            }
            if !isFull { writer.resume() }
        }
    }

    /// No more events. The first outcome counts.
    func finish(_ outcome: Result<Void, InterpreterError> = .success(())) {
        let reader = state.withLock { state in
            if state.outcome == nil { state.outcome = outcome }
            if state.isAtWork { share.change(by: -InterpreterLimits.workBytes) }
            state.isAtWork = false
            return state.reader.take()
        }
        code.letGo()
        reader?.resume()
        source.finish()
    }

    /// Has the worker end the kernel, whatever it does.
    func stop() {
        source.yield(.stopped)
    }

    // MARK: - The client's end

    /// Gives `body` the events as they come, several at once where it was slow.
    /// - Throws: what `body` throws, `sandboxIsGone`, or `CancellationError`; then the code is interrupted.
    func listen(_ body: ([ExecutionEvent]) async throws -> Void) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.keepAlive() }
                while let events = try await next() { try await body(events) }
                group.cancelAll()
            }
        } catch {
            abandon()
            throw error
        }
    }

    private func next() async throws -> [ExecutionEvent]? {
        while true {
            let (events, outcome, writer) = state.withLock { state in
                // What was heard is held no more; what is heard next, twice.
                share.change(by: state.weight - state.heard)
                state.heard = state.weight * 2
                defer { (state.events, state.weight) = ([], 0) }
                return (state.events, state.outcome, state.writer.take())
            }
            writer?.resume()
            if !events.isEmpty { return events }
            try Task.checkCancellation()
            if let outcome {
                try outcome.get()
                return nil
            }
            await somethingToHear()
        }
    }

    private func somethingToHear() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                let mustWait = state.withLock { state in
                    guard state.events.isEmpty, state.outcome == nil, !state.isAbandoned else { return false }
                    precondition(state.reader == nil, "an execution has one listener")
                    state.reader = reader
                    return true
                }
                if !mustWait { reader.resume() }
            }
        } onCancel: {
            abandon()
        }
    }

    private func abandon() {
        let (reader, writer) = state.withLock { state in
            state.isAbandoned = true
            share.change(by: -state.weight - state.heard)
            (state.events, state.weight, state.heard) = ([], 0, 0)
            if !state.isAtWork { code.letGo() }
            return (state.reader.take(), state.writer.take())
        }
        source.yield(.abandoned)
        reader?.resume()
        writer?.resume()
    }

    /// Puts in a `keepalive` whenever nothing has come for long enough. Ends when it is cancelled.
    private func keepAlive() async {
        var due = state.withLock { $0.lastEvent } + limits.keepaliveInterval
        // Thrown only by cancellation, which ends the loop.
        while (try? await Task.sleep(until: due, clock: .continuous)) != nil {
            let quietSince = state.withLock { $0.lastEvent }
            if quietSince + limits.keepaliveInterval <= .now { _ = push(.keepalive) }
            due = state.withLock { $0.lastEvent } + limits.keepaliveInterval
        }
    }

    /// - Returns: whether there is more than may be held.
    private func push(_ event: ExecutionEvent, insteadOf bytes: Int = 0) -> Bool {
        let (reader, isFull) = state.withLock { state in
            guard !state.isAbandoned, state.outcome == nil else {
                share.change(by: -bytes)
                return (nil as CheckedContinuation<Void, Never>?, false)
            }
            state.lastEvent = .now
            // A client that does not read needs not hear that it may wait.
            if event == .keepalive, !state.events.isEmpty { return (nil, false) }
            let weight = event.weight
            share.change(by: weight - bytes)
            state.events.append(event)
            state.weight += weight
            return (state.reader.take(), state.weight > limits.heldBytes)
        }
        reader?.resume()
        return isFull
    }
}
