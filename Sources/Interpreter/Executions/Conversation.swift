import GuestClient
import KernelProtocol
import NIOCore
import Synchronization

/// One execution carried out by one kernel, over one connection.
struct Conversation {
    enum Ending: Hashable {
        /// The kernel has said all and is ready for the next. The client has been told its end.
        case said
        /// It is dead, or as good as: why.
        case died(String)
    }

    let host: KernelHost
    let context: CodeContext
    let kernel: Kernel
    let execution: Execution

    /// What comes in one piece of at most this length is taken apart where it came, in less than a millisecond.
    private static let promptBytes = 4 << 10

    private var repairs: [KernelMessage.OutputStream: TextRepair] = [:]
    private var meter: OutputMeter
    private let greeting = Greeting()
    /// Counted for the long frame that is being received.
    private var admitted = 0

    init(_ execution: Execution, with kernel: Kernel, of context: CodeContext, on host: KernelHost) {
        self.execution = execution
        self.kernel = kernel
        self.context = context
        self.host = host
        meter = OutputMeter(limit: host.limits.outputBytes)
    }

    /// Sends the kernel `request` and returns when it has said all, or can say no more. A client that goes away has the
    /// kernel interrupted; a kernel that does not care is killed. One that does not even greet is as good as dead.
    /// - Throws: `GuestClientError` if nobody listens where the kernel should; the execution has not begun then.
    mutating func hold(_ request: ByteBuffer, wait: Duration) async throws -> Ending {
        let (execution, greeting, host, id, kernel) = (execution, greeting, host, context.id, kernel)
        return try await host.withKernel(of: id, telling: request, wait: wait) { stream in
            await withTaskGroup(of: Void.self) { group in
                let hangUp = stream.hangUp
                group.addTask { await execution.intervene(on: host, id, kernel, hangUp) }
                group.addTask { await greeting.expect(within: host.limits.greetingPatience, hangUp) }
                let ending = await listen(&stream)
                group.cancelAll()
                return ending
            }
        }
    }

    private mutating func listen(_ stream: inout GuestByteStream) async -> Ending {
        var decoder = KernelMessageDecoder()
        defer { release() }
        do {
            while let bytes = try await stream.next() {
                decoder.append(bytes.readableBytesView)
                // Others wait for the event loop: much is taken apart elsewhere, one long message or many short ones.
                let isMuch = admitted > 0 || bytes.readableBytes > Self.promptBytes
                let isOver = try await withTaskExecutorPreference(isMuch ? host.pool : nil) {
                    try await takeAll(from: &decoder)
                }
                if isOver { return .said }
            }
        } catch let error as KernelProtocolError {
            await flush()
            return .died("it broke the protocol with \(error)")
        } catch {
            // The connection broke: the same as its end.
        }
        await flush()
        return .died(
            greeting.isLate
                ? "it said nothing for \(host.limits.greetingPatience)" : "it ended in the midst of the execution")
    }

    /// - Returns: whether the kernel has said its last word.
    private mutating func takeAll(from decoder: inout KernelMessageDecoder) async throws -> Bool {
        while let message = try decoder.next(admits: { admits($0) }) {
            if message == .end {
                await flush()
                // Now, not once the connection is closed: it leaves with what the kernel said last.
                await execution.offer(.end)
                execution.finish()
                return true
            }
            try await take(message)
            release()
        }
        return false
    }

    /// Whether there is room for a long frame.
    private mutating func admits(_ bytes: Int) -> Bool {
        // Whoever sent it is told that it was dropped.
        guard (try? execution.share.take(bytes)) != nil else { return false }
        admitted = bytes
        return true
    }

    /// The long frame is held no more.
    private mutating func release() {
        execution.share.change(by: -admitted)
        admitted = 0
    }

    private mutating func take(_ message: KernelMessage) async throws(KernelProtocolError) {
        guard greeting.isHeard else {
            guard case .hello(let hello) = message else { throw .missingField("hello") }
            guard hello.context == context.id.text else { throw .badField("context", allowed: context.id.text) }
            greeting.hear()
            return
        }
        switch message {
        case .hello: throw .outOfTurn(KernelMessage.Kind.hello.rawValue)
        case .count(let count): await offer(.count(count))
        case .output(let stream, let bytes): await tell(stream, bytes)
        case .result(let result): if await passes(result.weight) { await offer(.result(result)) }
        case .badResult(let error):
            await offer(.error(KernelError(name: "ResultMalformed", value: "a result is \(error)")))
        case .error(let error): await offer(.error(error))
        case .dropped(let bytes): await offer(.error(Self.noRoom(for: bytes, in: host.limits)))
        case .end: throw .outOfTurn(KernelMessage.Kind.end.rawValue)
        }
    }

    private mutating func offer(_ event: ExecutionEvent) async {
        let bytes = admitted
        admitted = 0
        await execution.offer(event, insteadOf: bytes)
    }

    private static func noRoom(for bytes: Int, in limits: InterpreterLimits) -> KernelError {
        KernelError(
            name: "ResultDropped",
            value: "there was no room for a result of \(bytes) bytes: "
                + InterpreterError.budgetSentence(limits.sandboxBytes))
    }

    private mutating func tell(_ stream: KernelMessage.OutputStream, _ bytes: [UInt8]) async {
        guard await passes(bytes.count),
            let text = repairs[stream, default: TextRepair()].text(bytes).unlessEmpty
        else { return }
        await offer(.output(stream, text, at: WallTime.nanoseconds()))
    }

    /// What was held back for the rest of a character that does not come.
    private mutating func flush() async {
        for stream in KernelMessage.OutputStream.allCases {
            guard let text = repairs[stream, default: TextRepair()].rest().unlessEmpty else { continue }
            await offer(.output(stream, text, at: WallTime.nanoseconds()))
        }
    }

    private mutating func passes(_ bytes: Int) async -> Bool {
        switch meter.take(bytes) {
        case .pass: return true
        case .drop: return false
        case .cut:
            await offer(.output(.standardError, meter.notice, at: WallTime.nanoseconds()))
            return false
        }
    }
}

/// Whether the kernel has said who it is, and whether that was waited for in vain.
private final class Greeting: Sendable {
    private enum State: UInt8, AtomicRepresentable {
        case awaited
        case heard
        case late
    }

    private let state = Atomic(State.awaited)

    var isHeard: Bool { state.load(ordering: .relaxed) == .heard }
    var isLate: Bool { state.load(ordering: .relaxed) == .late }

    func hear() {
        state.store(.heard, ordering: .relaxed)
    }

    /// Hangs up unless it was heard in time. Ends when it is cancelled.
    func expect(within patience: Duration, _ hangUp: @Sendable () -> Void) async {
        // Thrown only by cancellation: the execution is over.
        guard (try? await Task.sleep(for: patience)) != nil else { return }
        let outcome = state.compareExchange(expected: .awaited, desired: .late, ordering: .relaxed)
        if outcome.exchanged { hangUp() }
    }
}

extension Execution {
    /// Does what is to be done when the execution is not to go on. Ends when it is cancelled.
    fileprivate func intervene(
        on host: KernelHost, _ context: ContextID, _ kernel: Kernel, _ hangUp: @Sendable () -> Void
    ) async {
        var isInterrupted = false
        for await intervention in interventions {
            if intervention == .abandoned, !isInterrupted {
                isInterrupted = true
                // A guest that cannot be told is over, and its end is seen on the connection.
                try? await host.interrupt(kernel)
                // Cancelled as soon as the kernel has said its last word.
                guard (try? await Task.sleep(for: host.limits.interruptGrace)) != nil else { return }
            }
            // The same.
            try? await host.clear(context, kernel)
            return hangUp()
        }
    }
}

extension String {
    fileprivate var unlessEmpty: String? { isEmpty ? nil : self }
}
