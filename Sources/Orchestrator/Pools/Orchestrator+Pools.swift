import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// How often the store is asked whether somebody has set a pool there.
    static let poolReloadInterval: Duration = .seconds(2)
    /// How exact a waiter's end is.
    static let poolExpiryInterval: Duration = .milliseconds(100)
    /// How long a sandbox waits to be wanted before it is replaced; also when it ends if no server lives.
    static let pooledLifetimeSeconds = 3600
    /// Sandboxes made ahead of demand leave these many hundredths of the host's places to those who ask.
    static let refillHeadroomPercent = 10

    // MARK: - What tenants want

    /// Sets the tenant's pool of a template. It fills from now on.
    public func setPool(
        _ template: Template, _ settings: PoolSettings, for principal: Principal
    ) async throws(OrchestratorError) -> PoolReport {
        let key = PoolKey(tenant: principal.tenant, templateID: template.id)
        try await OrchestratorError.storing { () throws(StoreError) in try await parts.pools.set(key, settings) }
        try await reloadPools()
        let report = await pools.reports(of: principal.tenant).first { $0.key == key }
        // Removed by somebody else in the same moment.
        guard let report else { throw .poolNotFound(template.id) }
        return report
    }

    /// The pool is no more; what was ready in it ends, what was handed out lives on.
    /// - Throws: `poolNotFound`.
    public func removePool(_ template: Template, for principal: Principal) async throws(OrchestratorError) {
        let key = PoolKey(tenant: principal.tenant, templateID: template.id)
        let wasThere = try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.pools.remove(key)
        }
        guard wasThere else { throw .poolNotFound(template.id) }
        try await reloadPools()
    }

    public func poolReports(for principal: Principal) async -> [PoolReport] {
        await pools.reports(of: principal.tenant)
    }

    func reloadPools() async throws(OrchestratorError) {
        await pools.apply(
            try await OrchestratorError.storing { () throws(StoreError) in try await parts.pools.all() })
    }

    // MARK: - The loop

    /// Keeps the pools as they are wanted until the task is cancelled.
    func runPools() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await every(Self.poolReloadInterval) { await reloadPoolsOrLog() } }
            group.addTask { await every(Self.poolExpiryInterval) { await pools.expire() } }
            for await _ in pools.changes {
                await pools.expire()
                while !Task.isCancelled, let job = await pools.nextJob() { group.addTask { await perform(job) } }
            }
        }
    }

    private func reloadPoolsOrLog() async {
        do throws(OrchestratorError) {
            try await reloadPools()
        } catch {
            parts.log.error("the pools' settings could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func perform(_ job: SandboxPools.Job) async {
        switch job {
        case .end(let live): await endPooled(live.record, .killed)
        case .make(let key):
            do {
                let begin = ContinuousClock.now
                let (live, template) = try await makePooled(key)
                await pools.made(live, template, for: key, in: .now - begin)
            } catch {
                parts.log.warning(
                    "a pool could not be filled",
                    metadata: ["tenant": "\(key.tenant)", "template": "\(key.templateID)", "error": "\(error)"])
                let rest = await pools.failed(key)
                // Cancelled, there is nothing to rest for.
                try? await Task.sleep(for: rest)
                await pools.rested(key)
            }
        }
    }

    private func makePooled(_ key: PoolKey) async throws -> (LiveSandbox, Template) {
        let template = try await template(named: key.templateID)
        // An alias that was written into the store by hand would fill a pool that nobody is served from.
        guard template.id == key.templateID else { throw OrchestratorError.templateNotFound(key.templateID) }
        let spec = try SandboxSpec(
            template: template, timeToLiveSeconds: Self.pooledLifetimeSeconds, metadata: [:], environment: [:])
        var record = newRecord(spec, for: key.tenant)
        record.pool = .pooled
        let limit = parts.sandboxLimit - max(1, parts.sandboxLimit * Self.refillHeadroomPercent / 100)
        let made = try await createCold(record, spec, nil, limit: limit)
        guard let live = await lives.live(made.id) else { throw OrchestratorError.notFound(made.id) }
        return (live, template)
    }

    /// Ends a sandbox that nobody will get. One that has ended already is over all the same.
    func endPooled(_ record: SandboxRecord, _ reason: SandboxEndReason) async {
        do throws(OrchestratorError) {
            try await end(record.id, of: record.tenant, reason)
        } catch {
            if case .notFound = error { return await close(record, reason) }
            parts.log.error(
                "a pooled sandbox could not be ended", metadata: ["sandbox.id": "\(record.id)", "error": "\(error)"])
        }
    }
}
