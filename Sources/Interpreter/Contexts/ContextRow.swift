import GuestClient
import KernelProtocol
import Logging
import SandboxModel

/// One context: its kernel, and the row of what is to be done with it, one thing at a time. The row's worker is a job
/// of the interpreter's, and works for as long as there is something in the row.
actor ContextRow {
    private enum Errand {
        /// Land a kernel, if one can be had warm.
        case warm
        /// Have a kernel, cold or warm.
        case prepare(Answer<Void>)
        case execute(Execution)
        /// Have another kernel than the one that is there.
        case restart(Answer<Void>)
        /// Found busy, and nobody waits for what it does.
        case settle
    }

    nonisolated let context: CodeContext
    private let host: KernelHost
    private let nursery: KernelNursery
    private let jobs: JobQueue
    private let log: Logger

    private var kernel: Kernel?
    private var errands: [Errand] = []
    private var current: Errand?
    private var isRemoved = false
    /// Who removes the context while something runs in it.
    private var remover: Answer<Void>?

    init(_ context: CodeContext, host: KernelHost, nursery: KernelNursery, jobs: JobQueue, kernel: Kernel? = nil) {
        self.context = context
        self.host = host
        self.nursery = nursery
        self.jobs = jobs
        self.kernel = kernel
        var log = nursery.log
        log[metadataKey: "sandbox.id"] = "\(host.sandbox.record.id)"
        log[metadataKey: "context.id"] = "\(context.id)"
        self.log = log
    }

    // MARK: - What callers ask for

    /// Lands a kernel, in its own time.
    func warmUp() throws(InterpreterError) {
        try add(.warm)
    }

    /// A kernel that was found busy is interrupted, and killed if it does not care.
    func settleDown() throws(InterpreterError) {
        try add(.settle)
    }

    /// Returns at once if there is a kernel or one is on its way; otherwise when there is one.
    func prepare() async throws(InterpreterError) {
        guard !isRemoved else { throw .contextNotFound(context.id.text) }
        dropAbandoned()
        guard errands.count < host.limits.rowLength else { throw .rowIsFull(limit: host.limits.rowLength) }
        guard kernel == nil, current == nil else { return }
        let answer = Answer<Void>()
        try add(.prepare(answer))
        try await answer.wait()
    }

    func enter(_ execution: Execution) throws(InterpreterError) {
        try add(.execute(execution))
    }

    /// Ends the kernel, whatever it does; returns when there is a fresh one.
    func restart() async throws(InterpreterError) {
        let answer = Answer<Void>()
        try add(.restart(answer), isUrgent: true)
        if case .execute(let execution)? = current { execution.stop() }
        try await answer.wait()
    }

    /// Ends the kernel, whatever it runs, and the context. Who waits for it is told.
    func remove() async throws(InterpreterError) {
        guard !isRemoved else { throw .contextNotFound(context.id.text) }
        isRemoved = true
        refuseErrands(.contextNotFound(context.id.text))
        // While there is a worker, the kernel is its to end.
        guard let current else {
            await discard()
            return
        }
        guard case .execute(let execution) = current else { return }
        let answer = Answer<Void>()
        remover = answer
        execution.stop()
        try await answer.wait()
    }

    // MARK: - The row

    private func add(_ errand: Errand, isUrgent: Bool = false) throws(InterpreterError) {
        guard !isRemoved else { throw .contextNotFound(context.id.text) }
        dropAbandoned()
        guard errands.count < host.limits.rowLength else { throw .rowIsFull(limit: host.limits.rowLength) }
        errands.insert(errand, at: isUrgent ? 0 : errands.count)
        guard current == nil else { return }
        current = errands.removeFirst()
        guard jobs.add({ await self.work() }) else {
            current = nil
            throw .unavailable
        }
    }

    /// Those whose client is gone hold no place.
    private func dropAbandoned() {
        errands.removeAll { errand in
            guard case .execute(let execution) = errand, execution.isAbandoned else { return false }
            execution.finish()
            return true
        }
    }

    private func work() async {
        while let errand = current {
            await carryOut(errand)
            // While the client reads, and before it has more to say.
            if case .execute = errand, errands.isEmpty, !isRemoved, kernel?.hasGreeted == true {
                await host.layLine(to: context.id)
            }
            if isRemoved {
                await discard()
                remover?.give(.success(()))
            }
            current = errands.isEmpty ? nil : errands.removeFirst()
        }
    }

    private func carryOut(_ errand: Errand) async {
        switch errand {
        case .warm: if kernel == nil { kernel = await nursery.land(context, on: host) }
        case .prepare(let answer): answer.give(await ready())
        case .execute(let execution): await execute(execution)
        case .restart(let answer):
            await discard()
            answer.give(await ready())
        case .settle: await settle()
        }
    }

    private func refuseErrands(_ reason: InterpreterError) {
        for errand in errands {
            switch errand {
            case .warm, .settle: break
            case .prepare(let answer), .restart(let answer): answer.give(.failure(reason))
            case .execute(let execution): execution.finish(.failure(reason))
            }
        }
        errands = []
    }

    // MARK: - The kernel

    private func ready() async -> Result<Void, InterpreterError> {
        guard kernel == nil else { return .success(()) }
        do throws(InterpreterError) {
            kernel = try await nursery.kernel(for: context, on: host)
            return .success(())
        } catch {
            log.info("a kernel could not be started", metadata: ["error": "\(error)"])
            return .failure(host.isOver ? .sandboxIsGone : error)
        }
    }

    /// - Returns: whether the sandbox is still there.
    @discardableResult
    private func discard() async -> Bool {
        let former = kernel.take()
        do throws(GuestClientError) {
            try await host.clear(context.id, former)
            return true
        } catch {
            log.debug("a kernel could not be cleared away", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func execute(_ execution: Execution) async {
        guard !execution.isAbandoned else { return execution.finish() }
        do {
            // Twice: what was there may have ended since it was last heard of.
            for attempt in 1...2 {
                try await ready().get()
                guard let kernel, !isRemoved else { throw InterpreterError.contextNotFound(context.id.text) }
                if try await converse(execution, with: kernel, mayRetry: attempt == 1) { return }
            }
        } catch let error as InterpreterError {
            await fail(execution, error)
        } catch {
            await fail(execution, .kernelFailed("the kernel could not be reached"))
        }
    }

    /// - Returns: false if nobody was there, and another kernel is to be tried.
    private func converse(_ execution: Execution, with kernel: Kernel, mayRetry: Bool) async throws -> Bool {
        guard let request = execution.begin() else {
            execution.finish()
            return true
        }
        var conversation = Conversation(execution, with: kernel, of: context, on: host)
        let ending: Conversation.Ending
        do {
            ending = try await conversation.hold(request, wait: kernel.hasGreeted ? .zero : host.limits.landingPatience)
        } catch {
            guard await discard(), await host.isStillThere() else { throw InterpreterError.sandboxIsGone }
            log.info("a kernel was not there any more", metadata: ["error": "\(error)", "pid": "\(kernel.pid)"])
            // The code went along with the question for the kernel: only a guest that refuses says that it did not run.
            guard mayRetry, case GuestClientError.failure? = error as? GuestClientError else {
                throw InterpreterError.kernelFailed("the kernel could not be reached")
            }
            if kernel.hasGreeted {
                await execution.offer(.output(.standardError, Self.loss, at: WallTime.nanoseconds()))
            }
            return false
        }
        switch ending {
        case .said: self.kernel?.hasGreeted = true
        case .died(let how): await kernelDied(execution, how)
        }
        return true
    }

    private static let loss =
        "[the kernel has ended since the last execution: this is a fresh one, and its state is lost]\n"

    private func kernelDied(_ execution: Execution, _ how: String) async {
        guard await discard(), await host.isStillThere() else { return execution.finish(.failure(.sandboxIsGone)) }
        log.info("a kernel died", metadata: ["how": "\(how)"])
        let why = isRemoved ? "the context was removed" : isToRestart ? "the context was restarted" : how
        await execution.offer(
            .error(KernelError(name: "ContextRestarting", value: "the kernel died: \(why), its state is lost")))
        await execution.offer(.end)
        execution.finish()
    }

    private var isToRestart: Bool {
        if case .restart? = errands.first { true } else { false }
    }

    /// An execution that never came to a kernel.
    private func fail(_ execution: Execution, _ error: InterpreterError) async {
        guard error != .sandboxIsGone, error != .unavailable, !host.isOver else {
            return execution.finish(.failure(error))
        }
        await execution.offer(.error(error.event))
        await execution.offer(.end)
        execution.finish()
    }

    /// Gives a kernel that runs something for nobody the time to stop.
    private func settle() async {
        guard let kernel else { return }
        let deadline = ContinuousClock.now + host.limits.interruptGrace
        var wait: Duration = .milliseconds(10)
        do {
            try await host.interrupt(kernel)
            while try await !host.inspect(context.id).isIdle {
                guard ContinuousClock.now < deadline else { throw GuestClientError.timedOut(.awaitingReply) }
                try await Task.sleep(for: wait)
                wait = min(wait * 2, .milliseconds(200))
            }
        } catch {
            log.info("a busy kernel was ended", metadata: ["error": "\(error)"])
            await discard()
        }
    }
}
