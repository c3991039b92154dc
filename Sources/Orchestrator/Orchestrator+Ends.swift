import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// Ends the sandbox; returns when it is gone. A second call throws `notFound`, and so does a call for a sandbox
    /// that is still being made: it is nobody's yet.
    public func kill(_ id: SandboxID, for principal: Principal) async throws(OrchestratorError) {
        guard await lives.live(id)?.record.pool != .pooled else { throw .notFound(id) }
        try await end(id, of: principal.tenant, .killed)
    }

    /// Sets the end to `seconds` from now, sooner or later than before; 0 or less ends it now.
    public func setTimeToLive(
        _ id: SandboxID, seconds: Int, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        guard seconds > 0 else {
            var record = try await owned(id, principal).record
            try await end(id, of: principal.tenant, .expired)
            (record.state, record.endReason, record.endsAt) = (.ended, .expired, parts.clock.now)
            return record
        }
        return try await changeEnd(id, seconds: seconds, for: principal) { _, asked in asked }
    }

    /// Sets the end to `seconds` from now unless it is later already.
    public func extend(
        _ id: SandboxID, seconds: Int, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        try await changeEnd(id, seconds: seconds, for: principal) { current, asked in max(current, asked) }
    }

    /// Ends every sandbox of every tenant, and makes none ahead of demand any more.
    public func killAll() async {
        await pools.fill(false)
        await killRunning()
        // What was being made meanwhile runs a moment later.
        let deadline = ContinuousClock.now + Self.lastMakingPatience
        while await !lives.known.isEmpty, ContinuousClock.now < deadline {
            // Thrown only when all is being cancelled.
            guard (try? await Task.sleep(for: Self.lastMakingInterval)) != nil else { return }
            await killRunning()
        }
    }

    private func killRunning() async {
        await withTaskGroup(of: Void.self) { group in
            for (index, live) in await lives.all.enumerated() {
                if index >= Self.concurrency { await group.next() }
                group.addTask {
                    do throws(OrchestratorError) {
                        try await end(live.record.id, of: live.record.tenant, .killed)
                    } catch {
                        parts.log.error(
                            "a sandbox could not be ended",
                            metadata: ["sandbox.id": "\(live.record.id)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    /// How many sandboxes are seen to at once where it is about all of them.
    static let concurrency = 16
    /// How long what is being made may take to be there to be ended, when all are to end.
    static let lastMakingPatience: Duration = .seconds(10)
    static let lastMakingInterval: Duration = .milliseconds(10)

    func end(_ id: SandboxID, of tenant: TenantID, _ reason: SandboxEndReason) async throws(OrchestratorError) {
        guard let live = await lives.claimEnd(id, of: tenant) else { throw .notFound(id) }
        parts.observe(.over(id))
        do throws(BackendError) {
            try await parts.backend.destroy(id)
        } catch {
            guard await lives.giveEndBack(id) else { throw .backend(error) }
        }
        await close(live.record, reason)
    }

    private func changeEnd(
        _ id: SandboxID, seconds: Int, for principal: Principal,
        _ choose: (_ current: Timestamp, _ asked: Timestamp) -> Timestamp
    ) async throws(OrchestratorError) -> SandboxRecord {
        guard SandboxSpec.timeToLiveRange.contains(seconds) else {
            throw .refused(.outOfRange(field: "timeout", value: seconds, allowed: SandboxSpec.timeToLiveRange))
        }
        _ = try await owned(id, principal)
        await lives.takeTurn(id)
        do throws(OrchestratorError) {
            let record = try await changeEndInTurn(id, seconds: seconds, for: principal, choose)
            await lives.giveTurnBack(id)
            return record
        } catch {
            await lives.giveTurnBack(id)
            throw error
        }
    }

    private func changeEndInTurn(
        _ id: SandboxID, seconds: Int, for principal: Principal, _ choose: (Timestamp, Timestamp) -> Timestamp
    ) async throws(OrchestratorError) -> SandboxRecord {
        let current = try await owned(id, principal).record
        let endsAt = choose(current.endsAt, parts.clock.now.adding(.seconds(seconds)))
        guard endsAt != current.endsAt else { return current }
        // The store first: what it says is what the backend is told again after a crash of either.
        let changed: SandboxRecord
        do throws(StoreError) {
            changed = try await parts.sandboxes.commit(current, endsAt: endsAt)
        } catch {
            throw OrchestratorError(error)
        }
        await lives.update(changed)
        try await OrchestratorError.asking(about: id) { () throws(BackendError) in
            try await parts.backend.setDeadline(id, endsAt)
        }
        return changed
    }
}
