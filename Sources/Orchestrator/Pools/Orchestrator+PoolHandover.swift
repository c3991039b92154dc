import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// Serves a request from its tenant's pool.
    /// - Returns: nil if there is no such pool.
    /// - Throws: `poolExhausted` if all are in use for too long; what making one throws.
    func createFromPool(
        _ spec: SandboxSpec, _ idempotencyKey: String?, for tenant: TenantID
    ) async throws(OrchestratorError) -> SandboxRecord? {
        let key = PoolKey(tenant: tenant, templateID: spec.template.id)
        guard await pools.has(key) else { return nil }
        let wanted = newRecord(spec, for: tenant)
        if let earlier = try await earlier(wanted, idempotencyKey) { return earlier }
        while true {
            switch await pools.acquire(key, spec.template, for: wanted.id) {
            case .noPool: return nil
            case .room: return try await createForPool(wanted.id, spec, idempotencyKey, for: tenant)
            case .ready(let live):
                if let record = try await handOver(live, spec, idempotencyKey) { return record }
            case .none(let settings): throw .poolExhausted(settings, templateID: key.templateID)
            }
        }
    }

    private func earlier(
        _ wanted: SandboxRecord, _ idempotencyKey: String?
    ) async throws(OrchestratorError) -> SandboxRecord? {
        guard let idempotencyKey else { return nil }
        return try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.sandboxes.earlier(Admission(record: wanted, idempotencyKey: idempotencyKey))
        }
    }

    /// None was ready: the asker makes one, which counts for the pool from its first row on.
    private func createForPool(
        _ id: SandboxID, _ spec: SandboxSpec, _ idempotencyKey: String?, for tenant: TenantID
    ) async throws(OrchestratorError) -> SandboxRecord {
        // Of this moment: who has waited for room does not pay for it with the sandbox's time.
        var record = newRecord(spec, for: tenant, id)
        record.pool = .handed
        do throws(OrchestratorError) {
            let made = try await createAsked(record, spec, idempotencyKey)
            if made.id != id { await pools.left(id, PoolKey(record)) }
            return made
        } catch {
            await pools.left(id, PoolKey(record))
            throw error
        }
    }

    /// Asks the sandbox whether it is well, makes it the asker's, and tells it who it is now.
    /// - Returns: nil if it is of no use: it is being ended, and another is to be had.
    private func handOver(
        _ live: LiveSandbox, _ spec: SandboxSpec, _ idempotencyKey: String?
    ) async throws(OrchestratorError) -> SandboxRecord? {
        let key = PoolKey(live.record)
        guard await parts.guest.answers(live) else {
            await pools.foundUnhealthy(key)
            await endPooled(live.record, .failed)
            return nil
        }
        var record = newRecord(spec, for: key.tenant, live.record.id)
        (record.generation, record.pool) = (live.record.generation, .handed)
        let outcome: ClaimOutcome
        do throws(StoreError) {
            outcome = try await parts.sandboxes.claim(Admission(record: record, idempotencyKey: idempotencyKey))
        } catch {
            if case .stale = error {
                await endPooled(live.record, .failed)
                return nil
            }
            await pools.giveBack(live, spec.template, to: key)
            throw OrchestratorError(error)
        }
        switch outcome {
        case .claimed(let claimed): return await enliven(claimed, live, spec)
        case .repeated(let earlier):
            await pools.giveBack(live, spec.template, to: key)
            return earlier
        }
    }

    /// - Returns: nil if the sandbox ended or did not take it; it is over then.
    private func enliven(_ claimed: SandboxRecord, _ live: LiveSandbox, _ spec: SandboxSpec) async -> SandboxRecord? {
        await lives.update(claimed)
        do {
            try await parts.backend.setDeadline(claimed.id, claimed.endsAt)
            let running = RunningSandbox(id: claimed.id, guestSocketPath: live.guestSocketPath)
            let committed = try await commit(claimed, running, spec.template)
            await lives.update(committed)
            guard await lives.live(committed.id) != nil else { return nil }
            await noteStart(of: committed)
            return committed
        } catch {
            parts.log.warning(
                "a pooled sandbox could not be handed over",
                metadata: ["sandbox.id": "\(claimed.id)", "error": "\(error)"])
            await endPooled(claimed, .failed)
            return nil
        }
    }
}

extension PoolKey {
    init(_ record: SandboxRecord) {
        self.init(tenant: record.tenant, templateID: record.templateID)
    }
}
