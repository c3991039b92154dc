import Isolation
import Layers
import Logging
import Persistence
import SandboxModel

/// Sequences the life of sandboxes: judging is the pure types', storing is `Persistence`'s, doing is the backend's.
/// Copies share one state; `run()` keeps it true.
public struct Orchestrator: Sendable {
    public static let defaultSandboxLimit = 4096

    /// What an orchestrator works with.
    public struct Parts: Sendable {
        public var backend: any IsolationBackend
        public var templates: TemplateStore
        public var sandboxes: SandboxStore
        public var pools: PoolStore
        public var events: EventStore
        public var metrics: MetricStore
        public var guest: GuestCalls
        public var accessToken: @Sendable (SandboxID) -> String
        public var clock: any WallClock
        public var log: Logger
        /// Most sandboxes alive at once, of all tenants.
        public var sandboxLimit: Int
        /// Told what happens, at once: it must not take its time.
        public var observe: @Sendable (LifeEvent) -> Void

        public init(
            backend: any IsolationBackend, templates: TemplateStore, sandboxes: SandboxStore, pools: PoolStore,
            events: EventStore, metrics: MetricStore, guest: GuestCalls,
            accessToken: @Sendable @escaping (SandboxID) -> String,
            clock: any WallClock, log: Logger, sandboxLimit: Int = Orchestrator.defaultSandboxLimit,
            observe: @Sendable @escaping (LifeEvent) -> Void = { _ in }
        ) {
            self.backend = backend
            self.templates = templates
            self.sandboxes = sandboxes
            self.pools = pools
            self.events = events
            self.metrics = metrics
            self.guest = guest
            self.accessToken = accessToken
            self.clock = clock
            self.log = log
            self.sandboxLimit = sandboxLimit
            self.observe = observe
        }
    }

    let parts: Parts
    let lives = LifeTable()
    let pools = SandboxPools()
    let journal: Journal
    let meter = CPUMeter()
    let recovery = Recovery()

    public init(_ parts: Parts) {
        self.parts = parts
        journal = Journal(parts.events, log: parts.log)
    }

    /// - Throws: `notFound` also for another tenant's sandbox and for one that is over.
    public func sandbox(_ id: SandboxID, for principal: Principal) async throws(OrchestratorError) -> SandboxRecord {
        try await owned(id, principal).record
    }

    public func list(_ query: SandboxQuery, for principal: Principal) async throws(OrchestratorError) -> SandboxPage {
        try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.sandboxes.list(query, of: principal.tenant, at: parts.clock.now)
        }
    }

    /// A template by id or alias, with an optional `:tag` of which only `default` exists.
    public func template(named name: String) async throws(OrchestratorError) -> Template {
        let found: Template?
        do throws(TemplateError) {
            found = try await parts.templates.template(named: name)
        } catch {
            throw .store(error.description)
        }
        guard let found else { throw .templateNotFound(name) }
        return found
    }

    /// A sandbox that is alive, whoever's it is: for the data plane, which proves its right by the access token.
    /// Answers from memory.
    public func live(_ id: SandboxID) async -> LiveSandbox? {
        await lives.live(id).flatMap(unlessOver)
    }

    /// All that are alive: for signed URLs that do not say whose they are.
    public func allLive() async -> [LiveSandbox] {
        await lives.all.compactMap(unlessOver)
    }

    /// What happened to the sandbox and what its commands were, oldest first.
    public func events(
        _ id: SandboxID, _ query: EventQuery, for principal: Principal
    ) async throws(OrchestratorError) -> [SandboxEvent] {
        let known = try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.sandboxes.sandbox(id, of: principal.tenant)
        }
        guard known != nil else { throw .notFound(id) }
        await journal.flush()
        return try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.events.events(of: id, tenant: principal.tenant, query)
        }
    }

    /// Adds to what `events` tells. Never fails the caller: a line that cannot be stored is dropped and counted.
    public func record(_ event: SandboxEvent, of id: SandboxID) async {
        await journal.add(event, of: id)
    }

    func owned(_ id: SandboxID, _ principal: Principal) async throws(OrchestratorError) -> LiveSandbox {
        guard let live = await lives.live(id, of: principal.tenant).flatMap(unlessOver) else { throw .notFound(id) }
        return live
    }

    /// A sandbox whose time is up is over at that moment, not when the news of its end has come; one that waits in a
    /// pool is nobody's yet.
    private func unlessOver(_ live: LiveSandbox) -> LiveSandbox? {
        parts.clock.now < live.record.endsAt && live.record.pool != .pooled ? live : nil
    }

    func note(
        _ message: String, _ id: SandboxID, level: SandboxEvent.Level = .info, _ fields: [String: String] = [:]
    ) async {
        await journal.add(SandboxEvent(at: parts.clock.now, level: level, message: message, fields: fields), of: id)
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
