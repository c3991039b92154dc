import SandboxModel

/// One way to wall off a workload: one conforming type, in its own folder under `IsolationBackends`.
public protocol IsolationBackend: Sendable {
    /// Starts a sandbox; returns once its guest may be dialled. On throw, nothing is left running.
    /// The sandbox ends by itself at `endsAt`, also if this process does not live to see it.
    func create(_ id: SandboxID, _ spec: SandboxSpec, tenant: TenantID, endsAt: Timestamp) async throws(BackendError)
        -> RunningSandbox
    /// Ends a sandbox with everything in it; returns when it is gone. Ending one already gone is not an error.
    func destroy(_ id: SandboxID) async throws(BackendError)
    /// Moves the moment at which the sandbox ends by itself.
    func setDeadline(_ id: SandboxID, _ endsAt: Timestamp) async throws(BackendError)
    /// Every sandbox that is alive now, also those that an earlier life of this process started.
    func running() async throws(BackendError) -> [RunningSandbox]
    /// What the sandbox uses of CPU and memory; the disk is the guest's to tell. `notFound` also if it is being ended.
    func usage(_ id: SandboxID) async throws(BackendError) -> BackendUsage
    /// Starts the template's zygote, a warm process, for sandboxes of the tenant; returns once it is warm, at once if
    /// there is one of this template as it is now. One of the template as it was is ended first. On throw there is
    /// none. `refused` if the template names none.
    func startZygote(_ template: Template, tenant: TenantID) async throws(BackendError)
    /// Ends it; what it forked lives on. Ending one already gone is not an error.
    func endZygote(_ templateID: String, tenant: TenantID) async throws(BackendError)
    /// Forks the zygote of the sandbox's template into the sandbox, where the fork does what `payload` tells it.
    /// - Returns: the fork's process number inside, as the zygote, a program of the template, tells it.
    /// - Throws: `notFound`, at the step `BackendError.zygoteStep` if there is no zygote that fits: it may have to be
    ///   started again; else if there is no sandbox. `exhausted` if so many have landed there that no more may.
    func land(in id: SandboxID, payload: [UInt8]) async throws(BackendError) -> UInt32
    /// Each sandbox and each zygote that ends, once it is gone. To be read by one task, as long as the backend lives.
    var events: AsyncStream<BackendEvent> { get }
}

/// A sandbox that is alive.
public struct RunningSandbox: Sendable, Hashable {
    public let id: SandboxID
    /// The unix socket its guest listens on.
    public let guestSocketPath: String

    public init(id: SandboxID, guestSocketPath: String) {
        self.id = id
        self.guestSocketPath = guestSocketPath
    }
}

public enum BackendEvent: Sendable, Hashable {
    case ended(SandboxID, SandboxEndReason)
    /// By whatever cause, also `endZygote`. It can be started again.
    case zygoteEnded(TenantID, templateID: String)
    /// The privileged half was restarted or lost: compare what the store says with `running()`.
    case reconnected
}

public struct BackendUsage: Sendable, Hashable {
    public var cpuMicroseconds: UInt64
    public var memoryBytes: UInt64
    public var cacheBytes: UInt64
    public var memoryLimitBytes: UInt64

    public init(cpuMicroseconds: UInt64, memoryBytes: UInt64, cacheBytes: UInt64, memoryLimitBytes: UInt64) {
        self.cpuMicroseconds = cpuMicroseconds
        self.memoryBytes = memoryBytes
        self.cacheBytes = cacheBytes
        self.memoryLimitBytes = memoryLimitBytes
    }
}
