import Isolation
import SandboxModel

/// Sequences the life of sandboxes: judging is the pure types', storing is `Persistence`'s, doing is the backend's.
public struct Orchestrator: Sendable {
    /// Admits, starts and commits a sandbox. On throw, nothing is left.
    /// The same `idempotencyKey` from the same tenant gives the same sandbox again.
    public func create(
        _ spec: SandboxSpec, idempotencyKey: String?, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        fatalError("pending")
    }

    /// - Throws: `notFound` also for another tenant's sandbox and for one that is over.
    public func sandbox(_ id: SandboxID, for principal: Principal) async throws(OrchestratorError) -> SandboxRecord {
        fatalError("pending")
    }

    public func list(_ query: SandboxQuery, for principal: Principal) async throws(OrchestratorError) -> SandboxPage {
        fatalError("pending")
    }

    /// Ends the sandbox; returns when it is gone. A second call throws `notFound`.
    public func kill(_ id: SandboxID, for principal: Principal) async throws(OrchestratorError) {
        fatalError("pending")
    }

    /// Sets the end to `seconds` from now, sooner or later than before; 0 or less ends it now.
    public func setTimeToLive(
        _ id: SandboxID, seconds: Int, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        fatalError("pending")
    }

    /// Sets the end to `seconds` from now unless it is later already.
    public func extend(
        _ id: SandboxID, seconds: Int, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        fatalError("pending")
    }

    /// Measurements between the two moments, oldest first, the newest taken now if the range is open to the present.
    public func metrics(
        _ id: SandboxID, from: Timestamp?, to: Timestamp?, for principal: Principal
    ) async throws(OrchestratorError) -> [SandboxMetrics] {
        fatalError("pending")
    }

    /// A template by id or alias, with an optional `:tag` of which only `default` exists.
    public func template(named name: String) async throws(OrchestratorError) -> Template {
        fatalError("pending")
    }

    /// A sandbox that is alive, whoever's it is: for the data plane, which proves its right by the access token.
    /// Answers from memory.
    public func live(_ id: SandboxID) async -> LiveSandbox? {
        fatalError("pending")
    }

    /// All that are alive: for signed URLs that do not say whose they are.
    public func allLive() async -> [LiveSandbox] {
        fatalError("pending")
    }

    /// What the sandbox uses now, of CPU and memory (the backend's) and disk (the guest's).
    public func metricsNow(_ sandbox: LiveSandbox) async throws(OrchestratorError) -> SandboxMetrics {
        fatalError("pending")
    }

    /// What happened to the sandbox and what its commands were, oldest first.
    public func events(
        _ id: SandboxID, _ query: EventQuery, for principal: Principal
    ) async throws(OrchestratorError) -> [SandboxEvent] {
        fatalError("pending")
    }

    /// Adds to what `events` tells. Never fails the caller: a line that cannot be stored is dropped and counted.
    public func record(_ event: SandboxEvent, of id: SandboxID) async {
    }
}

/// A running sandbox and the way to its guest.
public struct LiveSandbox: Sendable, Hashable {
    public let record: SandboxRecord
    public let guestSocketPath: String

    public init(record: SandboxRecord, guestSocketPath: String) {
        self.record = record
        self.guestSocketPath = guestSocketPath
    }
}
