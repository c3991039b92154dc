import Isolation
import Logging
import NIOPosix
import SpawnerProtocol
import Synchronization

/// The conversation with the spawner, taken up again whenever it breaks. Requests are sent by whoever makes them, since
/// sending a datagram never waits; answers are received by one thread that does nothing but block in `recv`. NIO has no
/// sequenced-packet sockets, and a thread is the cheapest thing that can wait on one without an event loop's help.
///
/// `state` guards the table and the socket; it is held for a system call that never waits, never across an `await`.
final class SpawnerLink: Sendable {
    static let answerTimeout: Duration = .seconds(30)
    /// A spawner that died is there again in a fraction of this.
    static let connectTimeout: Duration = .seconds(5)
    static let helloTimeoutSeconds = 5
    static let sweepInterval: Duration = .milliseconds(500)
    static let shortestBackoff: Duration = .milliseconds(20)
    static let longestBackoff: Duration = .seconds(1)

    typealias Outcome = Result<SpawnerAnswer.Content, BackendError>
    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private struct State {
        /// True while `run()` does: who would be answered by nobody is refused at once.
        var isHeld = false
        var socket: SpawnerSocket?
        var table = RequestTable<Waiter>()
    }

    /// What the spawner says unasked, and that it can be talked to anew.
    enum Report: Sendable {
        case connected(bootID: String)
        case ended(sandboxID: String, SandboxEnd)
        case zygoteEnded(family: String)
    }

    private let path: String
    private let log: Logger
    private let report: @Sendable (Report) -> Void
    private let state = Mutex(State())

    /// - Parameter report: called from the receiving thread; must not wait.
    init(path: String, log: Logger, report: @Sendable @escaping (Report) -> Void) {
        self.path = path
        self.log = log
        self.report = report
    }

    /// Holds the conversation until the task is cancelled.
    func run() async {
        state.withLock { $0.isHeld = true }
        await withTaskGroup { group in
            group.addTask { await self.sweep() }
            await converseAgainAndAgain()
            group.cancelAll()
        }
        let waiters = state.withLock { state in
            state.isHeld = false
            return state.table.removeAll()
        }
        for waiter in waiters { waiter.resume(returning: .failure(.unavailable("wait", "the server is stopping"))) }
    }

    /// Asks, and waits for the answer: at most `timeout`, or `connectTimeout` if there is no connection, so that
    /// nobody notices a spawner that is started again. Goes on in a cancelled task, since the spawner does too.
    func request(
        _ operation: SpawnerRequest.Operation, step: String, timeout: Duration = answerTimeout
    ) async throws(BackendError) -> SpawnerAnswer.Content {
        let outcome = await withCheckedContinuation { (waiter: Waiter) in
            let refusal: BackendError? = state.withLock { state in
                guard state.isHeld else { return .unavailable(step, "nobody holds the conversation") }
                let patience = state.socket == nil ? Self.connectTimeout : timeout
                guard state.table.add(operation, waiter, deadline: .now + patience) else {
                    return BackendError(
                        .exhausted, backend: BackendError.processBackend, step: step,
                        cause: "\(RequestTable<Waiter>.queueLimit) requests wait already")
                }
                return nil
            }
            if let refusal { waiter.resume(returning: .failure(refusal)) } else { sendWaiting() }
        }
        return try outcome.get()
    }

    // MARK: - Sending

    /// Sends as many of the waiting requests as the spawner may have. What its socket has no room for is sent with the
    /// next answer, or by the next sweep.
    private func sendWaiting() {
        state.withLock { state in
            while let socket = state.socket, let request = state.table.next() {
                if socket.send(request.wireBytes) { continue }
                return state.table.putBack(request.number)
            }
        }
    }

    private func sweep() async {
        while !Task.isCancelled {
            let late = state.withLock { $0.table.expire(at: .now) }
            for waiter in late {
                waiter.resume(returning: .failure(.unavailable("wait", "no answer of the spawner's in time")))
            }
            sendWaiting()
            // Cancellation is what ends this loop; the condition sees it.
            try? await Task.sleep(for: Self.sweepInterval)
        }
    }

    // MARK: - Receiving

    private func converseAgainAndAgain() async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        var backoff = Self.shortestBackoff
        while !Task.isCancelled {
            let wasConnected = await converse(on: thread)
            backoff = wasConnected ? Self.shortestBackoff : min(backoff * 2, Self.longestBackoff)
            // As above.
            try? await Task.sleep(for: backoff)
        }
        do {
            try await thread.shutdownGracefully()
        } catch {
            log.error("the receiving thread did not end", metadata: ["error": "\(error)"])
        }
    }

    /// One conversation from hello to its end.
    /// - Returns: false if it did not come about.
    private func converse(on thread: NIOThreadPool) async -> Bool {
        let current = CurrentSocket()
        return await withTaskCancellationHandler {
            do {
                return try await thread.runIfActive { [self] in
                    guard let socket = SpawnerSocket(path: path) else { return false }
                    guard current.set(socket), let bootID = greet(socket) else { return false }
                    state.withLock { $0.socket = socket }
                    log.info("connected to the spawner", metadata: ["boot.id": "\(bootID)"])
                    report(.connected(bootID: bootID))
                    sendWaiting()
                    listen(to: socket, current)
                    return true
                }
            } catch {
                log.error("the receiving thread is gone", metadata: ["error": "\(error)"])
                return false
            }
        } onCancel: {
            current.cancel()
        }
    }

    private func greet(_ socket: SpawnerSocket) -> String? {
        socket.limitWait(seconds: Self.helloTimeoutSeconds)
        let hello = SpawnerRequest(number: 0, operation: .hello(protocolVersion: SpawnerRequest.protocolVersion))
        guard socket.send(hello.wireBytes), let bytes = socket.receive() else { return nil }
        guard let answer = try? SpawnerAnswer(wireBytes: bytes),  // nonsense and refusal end alike: no conversation
            case .welcome(SpawnerRequest.protocolVersion, let bootID) = answer.content
        else {
            log.error(
                "the spawner does not speak our version", metadata: ["wanted": "\(SpawnerRequest.protocolVersion)"])
            return nil
        }
        socket.limitWait(seconds: 0)
        return bootID
    }

    private func listen(to socket: SpawnerSocket, _ current: CurrentSocket) {
        do {
            while let bytes = socket.receive() { try take(SpawnerAnswer(wireBytes: bytes)) }
            if !current.isCancelled { log.warning("the spawner hung up") }
        } catch {
            log.error("the spawner spoke nonsense", metadata: ["error": "\(error)"])
        }
        socket.hangUp()
        let waiters = state.withLock { state in
            state.socket = nil
            return state.table.removeAll()
        }
        for waiter in waiters { waiter.resume(returning: .failure(.unavailable("wait", "the spawner hung up"))) }
    }

    private func take(_ answer: SpawnerAnswer) throws {
        if answer.number == 0 {
            switch answer.content {
            case .ended(let id, let end): return report(.ended(sandboxID: id, end))
            case .zygoteEnded(let family): return report(.zygoteEnded(family: family))
            default: throw Nonsense("unasked: \(answer.content)")
            }
        }
        if let (waiter, outcome) = try state.withLock({ try $0.table.take(answer) }) {
            waiter.resume(returning: outcome)
        }
        sendWaiting()
    }
}

/// The socket that a cancellation hangs up, whichever of the two comes first.
private final class CurrentSocket: Sendable {
    private let state = Mutex<(socket: SpawnerSocket?, isCancelled: Bool)>((nil, false))

    /// - Returns: false if it was cancelled already.
    func set(_ socket: SpawnerSocket) -> Bool {
        state.withLock { state in
            state.socket = socket
            return !state.isCancelled
        }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.socket?.hangUp()
        }
    }
}
