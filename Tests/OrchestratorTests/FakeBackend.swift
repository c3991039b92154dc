import Isolation
import SandboxModel
import Synchronization

/// A backend in memory: does what it is told, remembers what it was told, and stands still where a test wants it to.
final class FakeBackend: IsolationBackend {
    struct State {
        var deadlines: [SandboxID: Timestamp] = [:]
        var failures: [String: BackendError] = [:]
        var destroyed: [SandboxID] = []
        var createCount = 0
        /// `tenant/template`.
        var zygotes: Set<String> = []
        var landings: [(SandboxID, [UInt8])] = []
    }

    let events: AsyncStream<BackendEvent>
    private let source: AsyncStream<BackendEvent>.Continuation
    let state = Mutex(State())
    /// Runs while a sandbox is being made, after it is there and before its maker is told.
    private let whileCreating: @Sendable (SandboxID, FakeBackend) async -> Void

    init(whileCreating: @Sendable @escaping (SandboxID, FakeBackend) async -> Void = { _, _ in }) {
        (events, source) = AsyncStream.makeStream()
        self.whileCreating = whileCreating
    }

    var live: Set<SandboxID> { state.withLock { Set($0.deadlines.keys) } }
    var destroyed: [SandboxID] { state.withLock { $0.destroyed } }
    var createCount: Int { state.withLock { $0.createCount } }

    func deadline(of id: SandboxID) -> Timestamp? { state.withLock { $0.deadlines[id] } }

    /// From now on `call` fails; nil mends it.
    func fail(_ call: String, _ code: BackendError.Code?) {
        state.withLock {
            $0.failures[call] = code.map { BackendError($0, backend: "fake", step: call, cause: "as told") }
        }
    }

    /// Something is there that nobody asked for in this test.
    func plant(_ id: SandboxID) {
        state.withLock { $0.deadlines[id] = Timestamp(unixMilliseconds: 0) }
    }

    func end(_ id: SandboxID, _ reason: SandboxEndReason) {
        state.withLock { $0.deadlines[id] = nil }
        source.yield(.ended(id, reason))
    }

    func vanish(_ id: SandboxID) {
        state.withLock { $0.deadlines[id] = nil }
    }

    func reconnect() {
        source.yield(.reconnected)
    }

    func create(
        _ id: SandboxID, _ spec: SandboxSpec, tenant: TenantID, endsAt: Timestamp
    ) async throws(BackendError) -> RunningSandbox {
        try check("create")
        state.withLock {
            $0.deadlines[id] = endsAt
            $0.createCount += 1
        }
        await whileCreating(id, self)
        return RunningSandbox(id: id, guestSocketPath: "/run/\(id)")
    }

    func destroy(_ id: SandboxID) async throws(BackendError) {
        try check("destroy")
        let wasThere = state.withLock {
            $0.destroyed.append(id)
            return $0.deadlines.removeValue(forKey: id) != nil
        }
        if wasThere { source.yield(.ended(id, .killed)) }
    }

    func setDeadline(_ id: SandboxID, _ endsAt: Timestamp) async throws(BackendError) {
        try check("setDeadline")
        let isThere = state.withLock {
            guard $0.deadlines[id] != nil else { return false }
            $0.deadlines[id] = endsAt
            return true
        }
        guard isThere else { throw BackendError(.notFound, backend: "fake", step: "setDeadline", cause: "gone") }
    }

    func running() async throws(BackendError) -> [RunningSandbox] {
        try check("running")
        return live.map { RunningSandbox(id: $0, guestSocketPath: "/run/\($0)") }
    }

    func startZygote(_ template: Template, tenant: TenantID) async throws(BackendError) {
        try check("startZygote")
        state.withLock { _ = $0.zygotes.insert("\(tenant)/\(template.id)") }
    }

    func endZygote(_ templateID: String, tenant: TenantID) async throws(BackendError) {
        try check("endZygote")
        let wasThere = state.withLock { $0.zygotes.remove("\(tenant)/\(templateID)") != nil }
        if wasThere { source.yield(.zygoteEnded(tenant, templateID: templateID)) }
    }

    func land(in id: SandboxID, payload: [UInt8]) async throws(BackendError) -> UInt32 {
        try check("land")
        return state.withLock {
            $0.landings.append((id, payload))
            return UInt32($0.landings.count + 1)
        }
    }

    func usage(_ id: SandboxID) async throws(BackendError) -> BackendUsage {
        try check("usage")
        return BackendUsage(cpuMicroseconds: 500_000, memoryBytes: 10, cacheBytes: 5, memoryLimitBytes: 100)
    }

    private func check(_ call: String) throws(BackendError) {
        if let failure = state.withLock({ $0.failures[call] }) { throw failure }
    }
}
