import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// Admits, starts and commits a sandbox, or hands one over that the tenant's pool has ready. On throw, nothing is
    /// left.
    /// The same `idempotencyKey` from the same tenant gives the same sandbox again.
    public func create(
        _ spec: SandboxSpec, idempotencyKey: String?, for principal: Principal
    ) async throws(OrchestratorError) -> SandboxRecord {
        do throws(SpecError) {
            if let idempotencyKey { try IdempotencyKey.check(idempotencyKey) }
        } catch {
            throw .refused(error)
        }
        if let served = try await createFromPool(spec, idempotencyKey, for: principal.tenant) { return served }
        return try await createAsked(newRecord(spec, for: principal.tenant), spec, idempotencyKey)
    }

    /// Makes one for somebody who waits for it: the pools hold back meanwhile.
    func createAsked(
        _ record: SandboxRecord, _ spec: SandboxSpec, _ idempotencyKey: String?
    ) async throws(OrchestratorError) -> SandboxRecord {
        await pools.othersBegan()
        do throws(OrchestratorError) {
            let made = try await createCold(record, spec, idempotencyKey, limit: parts.sandboxLimit)
            await pools.othersEnded()
            return made
        } catch {
            await pools.othersEnded()
            throw error
        }
    }

    /// - Parameter limit: of sandboxes alive, with this one.
    func createCold(
        _ record: SandboxRecord, _ spec: SandboxSpec, _ idempotencyKey: String?, limit: Int
    ) async throws(OrchestratorError) -> SandboxRecord {
        await lives.begin(record.id, for: record.tenant)
        do throws(OrchestratorError) {
            if let earlier = try await admit(record, idempotencyKey, limit: limit) {
                await lives.forget(record.id)
                return earlier
            }
        } catch {
            await lives.forget(record.id)
            throw error
        }
        return try await start(record, spec)
    }

    func newRecord(_ spec: SandboxSpec, for tenant: TenantID, _ id: SandboxID = SandboxID()) -> SandboxRecord {
        let now = parts.clock.now
        let template = spec.template
        return SandboxRecord(
            id: id, tenant: tenant, templateID: template.id, templateAlias: template.aliases.first,
            state: .starting, endReason: nil, createdAt: now, endsAt: now.adding(spec.timeToLive),
            metadata: spec.metadata,
            environment: template.environment.merging(spec.environment) { _, asked in asked },
            limits: template.limits, defaultUser: template.user,
            defaultWorkingDirectory: template.workingDirectory, network: spec.network,
            accessToken: parts.accessToken(id), generation: 1)
    }

    /// - Returns: the sandbox of the same request made before, if there is one.
    private func admit(
        _ record: SandboxRecord, _ key: String?, limit: Int
    ) async throws(OrchestratorError) -> SandboxRecord? {
        let outcome = try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.sandboxes.admit(
                Admission(record: record, idempotencyKey: key), limit: limit)
        }
        switch outcome {
        case .admitted: return nil
        case .repeated(let earlier): return earlier
        }
    }

    func start(_ record: SandboxRecord, _ spec: SandboxSpec) async throws(OrchestratorError) -> SandboxRecord {
        // Its row is to be on disk before anybody is told of it; that takes no longer than to make it.
        async let stored = settled()
        let running: RunningSandbox
        do throws(BackendError) {
            running = try await parts.backend.create(record.id, spec, tenant: record.tenant, endsAt: record.endsAt)
        } catch {
            await close(record, .failed)
            throw .backend(error)
        }
        do throws(OrchestratorError) {
            let committed = try await commit(record, running, spec.template)
            try await stored.get()
            let live = LiveSandbox(record: committed, guestSocketPath: running.guestSocketPath)
            if let reason = await lives.run(live) { throw ended(whileStarting: reason) }
            if record.pool != .pooled { await noteStart(of: committed) }
            return committed
        } catch {
            await abandon(record)
            throw error
        }
    }

    private func settled() async -> Result<Void, OrchestratorError> {
        do throws(StoreError) {
            return .success(try await parts.sandboxes.settle())
        } catch {
            return .failure(OrchestratorError(error))
        }
    }

    /// The sandbox is about to be given to who asked for it.
    func noteStart(of record: SandboxRecord) async {
        await note("sandbox started", record.id, ["template": record.templateID])
    }

    /// Tells that the sandbox runs, unless it is a pool's, makes it ready, and its row true, all at once: none needs
    /// another.
    func commit(
        _ record: SandboxRecord, _ running: RunningSandbox, _ template: Template
    ) async throws(OrchestratorError) -> SandboxRecord {
        let live = LiveSandbox(record: record, guestSocketPath: running.guestSocketPath)
        if record.pool != .pooled { parts.observe(.started(live, template)) }
        async let configured: Void = parts.guest.configure(live)
        let committed: SandboxRecord
        do throws(StoreError) {
            committed = try await parts.sandboxes.commit(running: record)
        } catch {
            throw OrchestratorError(error)
        }
        do {
            try await configured
        } catch {
            throw .backend(
                BackendError(.failed, backend: "guest", step: "configure", cause: String(describing: error)))
        }
        return committed
    }

    private func ended(whileStarting reason: SandboxEndReason) -> OrchestratorError {
        .backend(
            BackendError(
                .failed, backend: "guest", step: "start", cause: "the sandbox ended at once (\(reason.rawValue))"))
    }

    func abandon(_ record: SandboxRecord) async {
        do throws(BackendError) {
            try await parts.backend.destroy(record.id)
        } catch {
            // Its row is closed below, so that the reconciler takes it for nobody's and ends it.
            parts.log.error(
                "a sandbox that could not be started is still there",
                metadata: ["sandbox.id": "\(record.id)", "error": "\(error)"])
        }
        await close(record, .failed)
    }

    /// Writes down that the sandbox is over and forgets it. A store that fails here is healed by the reconciler, which
    /// finds a row without a sandbox.
    func close(_ record: SandboxRecord, _ reason: SandboxEndReason) async {
        do throws(StoreError) {
            if try await parts.sandboxes.finish(record.id, of: record.tenant, reason, at: parts.clock.now) {
                await note("sandbox ended", record.id, level: reason.level, ["reason": reason.rawValue])
            }
        } catch {
            parts.log.error(
                "a sandbox's end could not be stored", metadata: ["sandbox.id": "\(record.id)", "error": "\(error)"])
        }
        await lives.forget(record.id)
        parts.observe(.over(record.id))
        if record.pool != nil { await pools.left(record.id, PoolKey(record)) }
    }
}

extension SandboxEndReason {
    /// How loudly a log tells of it.
    var level: SandboxEvent.Level {
        switch self {
        case .killed, .expired: .info
        case .outOfMemory, .lost: .warn
        case .crashed, .failed: .error
        }
    }
}
