import GuestClient
import GuestProtocol
import KernelProtocol
import NIOCore
import Orchestrator
import SandboxModel
import Synchronization

/// One sandbox, as a place where kernels live: what its guest does for them.
final class KernelHost: Sendable {
    static let interruptSignal: UInt8 = 2
    static let killSignal: UInt8 = 9
    /// Kernels run as root of their sandbox, as those of E2B do.
    static let user = "root"
    /// For what is answered at once by a guest that lives.
    private static let patience: TimeAmount = .seconds(5)

    let sandbox: LiveSandbox
    let limits: InterpreterLimits
    /// Where work is done that would hold up an event loop.
    let pool: any TaskExecutor
    private let guest: GuestClient
    private let backend: BackendCalls
    private let isOverFlag = Atomic(false)
    /// To the kernel that was spoken to last, for the next time: one for each sandbox.
    private let line = Mutex<(context: ContextID, line: GuestLine)?>(nil)

    init(
        _ sandbox: LiveSandbox, guest: GuestClient, backend: BackendCalls, limits: InterpreterLimits,
        pool: any TaskExecutor
    ) {
        self.pool = pool
        self.sandbox = sandbox
        self.guest = guest
        self.backend = backend
        self.limits = limits
    }

    /// Somebody is ending the sandbox, or it has ended.
    var isOver: Bool { isOverFlag.load(ordering: .acquiring) }

    func setOver() {
        isOverFlag.store(true, ordering: .releasing)
        line.withLock { $0 = nil }
    }

    /// Whether it is not over, asked also of who ends sandboxes: one whose time is over is killed before that is told,
    /// and its kernels may be gone before its guest.
    func isStillThere() async -> Bool {
        guard !isOver, await backend.isThere(sandbox.record.id) else { return false }
        return !isOver
    }

    // MARK: - Talking

    /// Lends a connection to the context's kernel, which is told `request` first of all.
    /// - Parameter wait: for its name to appear.
    /// - Throws: `GuestClientError`: `connectionRefused` and `notFound` if no kernel is there.
    func withKernel<Result: Sendable>(
        of context: ContextID, telling request: ByteBuffer, wait: Duration,
        _ body: (inout GuestByteStream) async throws -> Result
    ) async throws -> Result {
        if let line = takeLine(to: context),
            let result = try await guest.withSocket(over: line, saying: request, body)
        {
            return result
        }
        return try await guest.withSocket(
            KernelPlace.socket(of: context.text), saying: request, wait: wait, to: sandbox.guestSocketPath, body)
    }

    /// Has a connection ready for the next time that the context's kernel is spoken to on this event loop.
    func layLine(to context: ContextID) async {
        guard !isOver, guest.isOnEventLoop else { return }
        let socket = KernelPlace.socket(of: context.text)
        // Nothing is lost without it.
        guard let new = try? await guest.line(to: socket, of: sandbox.guestSocketPath) else { return }
        line.withLock { $0 = isOver ? nil : (context, new) }
    }

    private func takeLine(to context: ContextID) -> GuestLine? {
        line.withLock { line in
            guard line?.context == context else { return nil }
            return line.take()?.line
        }
    }

    /// Who the context's kernel is.
    /// - Throws: `GuestClientError`, or `KernelProtocolError` if it is no kernel of that context.
    func inspect(_ context: ContextID, wait: Duration = .zero) async throws -> KernelHello {
        let request = ByteBuffer(bytes: KernelRequest.inspect.frame ?? [])
        return try await withDeadline(wait + limits.inspectionPatience) {
            try await self.withKernel(of: context, telling: request, wait: wait) { stream in
                var decoder = KernelMessageDecoder()
                while let bytes = try await stream.next() {
                    decoder.append(bytes.readableBytesView)
                    guard let message = try decoder.next() else { continue }
                    guard case .hello(let hello) = message else { throw KernelProtocolError.missingField("hello") }
                    guard hello.context == context.text else {
                        throw KernelProtocolError.badField("context", allowed: context.text)
                    }
                    return hello
                }
                throw KernelProtocolError.missingField("hello")
            }
        }
    }

    // MARK: - Signals

    /// - Throws: `GuestClientError` if the guest could not be told.
    func interrupt(_ kernel: Kernel) async throws(GuestClientError) {
        try await tell(.signalGroup(kernel.pid, Self.interruptSignal))
    }

    /// Ends the kernel and what it left in its group, and frees its name. Nothing is wrong if it is gone already.
    /// - Throws: `GuestClientError` if the guest could not be told: the sandbox is over.
    func clear(_ context: ContextID, _ kernel: Kernel?) async throws(GuestClientError) {
        _ = takeLine(to: context)
        if let kernel {
            if case .started(let pid) = kernel.origin { try await end(command: pid) }
            try await tell(.signalGroup(kernel.pid, Self.killSignal))
        }
        try await tell(.remove(FilePath(KernelPlace.socket(of: context.text), user: Self.user)))
    }

    /// Ends a command with its whole tree.
    func end(command pid: UInt32) async throws(GuestClientError) {
        do throws(GuestClientError) {
            try await tell(.signal(.pid(pid), Self.killSignal))
        } catch .failure(let failure) where failure.code == .notFound {
            return
        }
    }

    private func tell(_ request: GuestRequest) async throws(GuestClientError) {
        let reply = try await guest.call(request, to: sandbox.guestSocketPath, timeout: Self.patience)
        guard reply == .ok else { throw .protocolViolation("\(reply) where ok was due") }
    }

    // MARK: - Processes and names

    /// A kernel that lands where its directory is not would work elsewhere without a word.
    /// - Throws: `refused` unless there is a directory at the path; `sandboxIsGone`.
    func expectDirectory(_ path: String) async throws(InterpreterError) {
        let request = GuestRequest.stat(FilePath(path, user: Self.user))
        do throws(GuestClientError) {
            let reply = try await guest.call(request, to: sandbox.guestSocketPath, timeout: Self.patience)
            guard case .entry(let entry) = reply, entry.kind == .directory else {
                throw .failure(GuestFailure(.invalidArgument, "cwd '\(path)' is not a directory"))
            }
        } catch .failure(let failure) where failure.code == .notFound {
            throw .refused("cwd '\(path)' does not exist")
        } catch .failure(let failure) {
            throw .refused(failure.message)
        } catch {
            throw .sandboxIsGone
        }
    }

    /// Starts a process and gives its pid to `started`, then what it says on standard error; returns when it has
    /// ended. It lives on if the caller is cancelled.
    func run(
        _ process: StartProcess, started: (UInt32) -> Void
    ) async throws -> (exit: ProcessExit, lastWords: String) {
        try await guest.withExchange(.startProcess(process), to: sandbox.guestSocketPath) { exchange in
            guard case .started(let pid) = try await exchange.reply() else {
                throw GuestClientError.protocolViolation("something else where the start of a process was due")
            }
            started(pid)
            var words: [UInt8] = []
            while let message = try await exchange.next() {
                switch message {
                case .output(.standardError, let bytes):
                    words = (words + bytes.readableBytesView).suffix(InterpreterLimits.lastWordsBytes)
                case .reply(.exited(let exit)): return (exit, String(decoding: words, as: UTF8.self))
                case .output, .idle, .reply, .bytes: continue
                }
            }
            throw GuestClientError.hungUp
        }
    }

    /// The contexts whose kernels have left their names, at most as many as a sandbox may have.
    func contexts() async throws -> [ContextID] {
        let request = GuestRequest.listDirectory(
            ListDirectory(path: FilePath(KernelPlace.directory, user: Self.user), depth: 1))
        do {
            return try await guest.withExchange(request, to: sandbox.guestSocketPath, timeout: Self.patience) {
                var found: [ContextID] = []
                while case .entry(let entry) = try await $0.reply() {
                    guard entry.name.hasSuffix(KernelPlace.suffix),
                        let id = ContextID(String(entry.name.dropLast(KernelPlace.suffix.utf8.count)))
                    else { continue }
                    found.append(id)
                    if found.count >= self.limits.contexts { break }
                }
                return found
            }
        } catch GuestClientError.failure(let failure) where failure.code == .notFound {
            return []
        }
    }
}

/// Runs `body`, which is cancelled when it takes longer than `limit`.
/// - Throws: what `body` throws; `GuestClientError.timedOut` if its time was up.
func withDeadline<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: limit)
            throw GuestClientError.timedOut(.awaitingReply)
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
