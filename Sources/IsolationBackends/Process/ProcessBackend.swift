import Isolation
import Logging
import SandboxModel
import SpawnerProtocol
import Synchronization

/// Level `process`: namespaces, cgroups and seccomp of one Linux kernel, made by `nestbox-spawner`. Lives as long as
/// `run()`. `index` guards itself and is never held across an `await`.
public final class ProcessBackend: IsolationBackend {
    /// How long the kernel may take to end everything in a sandbox.
    static let endTimeout: Duration = .seconds(30)
    static let sweepInterval: Duration = .seconds(1)
    /// Longer than the spawner gives a zygote to become warm.
    static let zygoteTimeout: Duration = .seconds(75)

    private typealias EndWaiter = CheckedContinuation<Bool, Never>

    public let events: AsyncStream<BackendEvent>
    private let socketDirectory: String
    private let link: SpawnerLink
    private let index: SharedIndex

    /// A class of its own, so that the link's report can reach it before `self` exists.
    private final class SharedIndex: Sendable {
        let state = Mutex(LiveIndex<EndWaiter>())
    }

    /// - Parameters:
    ///   - socketDirectory: where the spawner's socket and those of the guests lie.
    ///   - socketName: the spawner's own.
    public init(socketDirectory: String, socketName: String = "spawner.sock", log: Logger) {
        // Not bounded here: an end comes once for each sandbox, and their number is.
        let (events, source) = AsyncStream<BackendEvent>.makeStream()
        let index = SharedIndex()
        self.events = events
        self.index = index
        self.socketDirectory = socketDirectory
        link = SpawnerLink(path: "\(socketDirectory)/\(socketName)", log: log) { report in
            switch report {
            case .connected: source.yield(.reconnected)
            case .ended(let text, let end):
                guard let id = try? SandboxID(text) else {  // the reason is in the log line
                    return log.error("the spawner named a sandbox that cannot be", metadata: ["sandbox.id": "\(text)"])
                }
                let waiters = index.state.withLock { $0.remove(id) }
                source.yield(.ended(id, SandboxEndReason(end)))
                for waiter in waiters { waiter.resume(returning: true) }
            case .zygoteEnded(let text):
                guard let family = FamilyName(text) else {
                    return log.error("the spawner named a family that cannot be", metadata: ["family": "\(text)"])
                }
                source.yield(.zygoteEnded(family.tenant, templateID: family.templateID))
            }
        }
    }

    /// Holds the connection to the spawner until the task is cancelled. Sandboxes live on.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await self.sweep() }
            await link.run()
            group.cancelAll()
        }
    }

    public func create(
        _ id: SandboxID, _ spec: SandboxSpec, tenant: TenantID, endsAt: Timestamp
    ) async throws(BackendError) -> RunningSandbox {
        index.state.withLock { $0.insert(id) }
        do throws(BackendError) {
            let answer = try await link.request(.create(CreateSandbox(id, spec, tenant, endsAt)), step: "create")
            guard case .created = answer else { throw BackendError.unexpected("create", answer) }
            return running(id)
        } catch {
            // Without an answer nobody knows what was made; the spawner takes an end for what is not there, too.
            if error.code == .unavailable { await undo(id) } else { forget(id) }
            throw error
        }
    }

    public func destroy(_ id: SandboxID) async throws(BackendError) {
        let answer = try await link.request(.destroy(sandboxID: id.text), step: "destroy")
        guard case .done = answer else { throw BackendError.unexpected("destroy", answer) }
        // An end that was told before we wait has taken it out of the index.
        guard await untilGone(id) else {
            throw BackendError(
                .failed, backend: BackendError.processBackend, step: "destroy",
                cause: "something in the sandbox is still dying after \(Self.endTimeout)")
        }
    }

    public func setDeadline(_ id: SandboxID, _ endsAt: Timestamp) async throws(BackendError) {
        let operation = SpawnerRequest.Operation.setDeadline(
            sandboxID: id.text, deadlineMilliseconds: endsAt.unixMilliseconds)
        let answer = try await link.request(operation, step: "set deadline")
        guard case .done = answer else { throw .unexpected("set deadline", answer) }
    }

    public func running() async throws(BackendError) -> [RunningSandbox] {
        let before = index.state.withLock { $0.ids }
        let answer = try await link.request(.list, step: "list")
        guard case .sandboxes(let listed, _) = answer else { throw .unexpected("list", answer) }
        // A name that cannot be one of ours was not made by us.
        let ids = listed.compactMap { try? SandboxID($0.sandboxID) }
        let gone = index.state.withLock { $0.replace(before, by: Set(ids)) }
        for waiter in gone { waiter.resume(returning: true) }
        return ids.map(running)
    }

    public func usage(_ id: SandboxID) async throws(BackendError) -> BackendUsage {
        let answer = try await link.request(.usage(sandboxID: id.text), step: "usage")
        guard case .usage(let usage) = answer else { throw .unexpected("usage", answer) }
        return BackendUsage(
            cpuMicroseconds: usage.cpuMicroseconds, memoryBytes: usage.memoryBytes, cacheBytes: usage.cacheBytes,
            memoryLimitBytes: usage.memoryLimitBytes)
    }

    public func startZygote(_ template: Template, tenant: TenantID) async throws(BackendError) {
        guard let zygote = StartZygote(template, tenant) else {
            throw BackendError(
                .refused, backend: BackendError.processBackend, step: "start zygote",
                cause: "the template \(template.id) names no zygote")
        }
        let answer = try await link.request(.startZygote(zygote), step: "start zygote", timeout: Self.zygoteTimeout)
        guard case .done = answer else { throw .unexpected("start zygote", answer) }
    }

    public func endZygote(_ templateID: String, tenant: TenantID) async throws(BackendError) {
        let family = FamilyName(tenant, templateID).text
        let answer = try await link.request(.endZygote(family: family), step: "end zygote")
        guard case .done = answer else { throw .unexpected("end zygote", answer) }
    }

    public func land(in id: SandboxID, payload: [UInt8]) async throws(BackendError) -> UInt32 {
        guard payload.count <= SpawnerRequest.landPayloadBytes else {
            throw BackendError(
                .refused, backend: BackendError.processBackend, step: "land",
                cause: "a payload of \(payload.count) bytes; allowed: \(SpawnerRequest.landPayloadBytes)")
        }
        let answer = try await link.request(.land(sandboxID: id.text, payload: payload), step: "land")
        guard case .landed(let pid) = answer else { throw .unexpected("land", answer) }
        return pid
    }

    // MARK: -

    private func running(_ id: SandboxID) -> RunningSandbox {
        RunningSandbox(id: id, guestSocketPath: "\(socketDirectory)/\(id.text).sock")
    }

    private func untilGone(_ id: SandboxID) async -> Bool {
        await withCheckedContinuation { waiter in
            let waits = index.state.withLock { $0.wait(for: id, waiter, until: .now + Self.endTimeout) }
            if !waits { waiter.resume(returning: true) }
        }
    }

    private func forget(_ id: SandboxID) {
        let waiters = index.state.withLock { $0.remove(id) }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    private func undo(_ id: SandboxID) async {
        // If this fails too, the connection is gone: whoever reads `reconnected` finds the sandbox without a row.
        _ = try? await link.request(.destroy(sandboxID: id.text), step: "undo create")
    }

    private func sweep() async {
        while !Task.isCancelled {
            for waiter in index.state.withLock({ $0.expire(at: .now) }) { waiter.resume(returning: false) }
            // Cancellation is what ends this loop; the condition sees it.
            try? await Task.sleep(for: Self.sweepInterval)
        }
    }
}

extension SandboxEndReason {
    init(_ end: SandboxEnd) {
        self =
            switch end {
            case .destroyed: .killed
            case .expired: .expired
            case .outOfMemory: .outOfMemory
            case .guestExited: .crashed
            }
    }
}
