import GuestClient
import KernelProtocol
import NIOCore

/// One execution carried out by one kernel, over one connection.
struct Conversation {
    enum Ending: Hashable {
        /// The kernel has said all and is ready for the next.
        case said
        /// It is dead, or as good as: why.
        case died(String)
    }

    let host: KernelHost
    let context: CodeContext
    let kernel: Kernel
    let execution: Execution

    private var repairs: [KernelMessage.OutputStream: TextRepair] = [:]
    private var meter: OutputMeter
    private var hasGreeted = false

    init(_ execution: Execution, with kernel: Kernel, of context: CodeContext, on host: KernelHost) {
        self.execution = execution
        self.kernel = kernel
        self.context = context
        self.host = host
        meter = OutputMeter(limit: host.limits.outputBytes)
    }

    /// Returns when the kernel has said all, or can say no more. A client that goes away has the kernel interrupted; a
    /// kernel that does not care is killed.
    /// - Throws: `GuestClientError` if nobody listens where the kernel should; the execution has not begun then.
    mutating func hold(wait: Duration) async throws -> Ending {
        let (execution, host, id, kernel) = (execution, host, context.id, kernel)
        return try await host.withKernel(of: id, wait: wait) { stream in
            try await stream.send(ByteBuffer(bytes: execution.request))
            return await withTaskGroup(of: Void.self) { group in
                let hangUp = stream.hangUp
                group.addTask { await execution.intervene(on: host, id, kernel, hangUp) }
                let ending = await listen(&stream)
                group.cancelAll()
                return ending
            }
        }
    }

    private mutating func listen(_ stream: inout GuestByteStream) async -> Ending {
        var decoder = KernelMessageDecoder()
        do {
            while let bytes = try await stream.next() {
                decoder.append(bytes.readableBytesView)
                while let message = try decoder.next() {
                    if message == .end {
                        await flush()
                        return .said
                    }
                    try await take(message)
                }
            }
        } catch let error as KernelProtocolError {
            await flush()
            return .died("it broke the protocol with \(error)")
        } catch {
            // The connection broke: the same as its end.
        }
        await flush()
        return .died("it ended in the midst of the execution")
    }

    private mutating func take(_ message: KernelMessage) async throws(KernelProtocolError) {
        guard hasGreeted else {
            guard case .hello(let hello) = message else { throw .missingField("hello") }
            guard hello.context == context.id.text else { throw .badField("context", allowed: context.id.text) }
            hasGreeted = true
            return
        }
        switch message {
        case .hello: throw .outOfTurn(KernelMessage.Kind.hello.rawValue)
        case .count(let count): await execution.offer(.count(count))
        case .output(let stream, let bytes): await tell(stream, bytes)
        case .result(let result): if await passes(result.weight) { await execution.offer(.result(result)) }
        case .badResult(let error):
            await execution.offer(.error(KernelError(name: "ResultMalformed", value: "a result is \(error)")))
        case .error(let error): await execution.offer(.error(error))
        case .end: throw .outOfTurn(KernelMessage.Kind.end.rawValue)
        }
    }

    private mutating func tell(_ stream: KernelMessage.OutputStream, _ bytes: [UInt8]) async {
        guard await passes(bytes.count),
            let text = repairs[stream, default: TextRepair()].text(bytes).unlessEmpty
        else { return }
        await execution.offer(.output(stream, text, at: WallTime.nanoseconds()))
    }

    /// What was held back for the rest of a character that does not come.
    private mutating func flush() async {
        for stream in KernelMessage.OutputStream.allCases {
            guard let text = repairs[stream, default: TextRepair()].rest().unlessEmpty else { continue }
            await execution.offer(.output(stream, text, at: WallTime.nanoseconds()))
        }
    }

    private mutating func passes(_ bytes: Int) async -> Bool {
        switch meter.take(bytes) {
        case .pass: return true
        case .drop: return false
        case .cut:
            await execution.offer(.output(.standardError, meter.notice, at: WallTime.nanoseconds()))
            return false
        }
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
