import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// How long the news of a sandbox's end may take once the backend has ended it.
    static let departureLimit: Duration = .seconds(10)

    /// Makes the sandbox as new, for its own tenant: every process ended, the writable layer dropped, the environment
    /// its template's again. It keeps its name, its token, its metadata and its end. It is ended and made again, so
    /// there is nothing of before that could differ; it answers when this returns.
    /// - Throws: `notFound`; `backend` if it could not be made again, and then it is over.
    public func reset(_ id: SandboxID, for principal: Principal) async throws(OrchestratorError) -> SandboxRecord {
        let template = try await template(named: try await owned(id, principal).record.templateID)
        guard let live = await lives.claimEnd(id, of: principal.tenant) else { throw .notFound(id) }
        parts.observe(.over(id))
        let restarting: SandboxRecord
        do throws(StoreError) {
            restarting = try await parts.sandboxes.commit(restarting: live.record, environment: template.environment)
        } catch {
            if await lives.giveEndBack(id) { await close(live.record, .lost) }
            throw OrchestratorError(error)
        }
        do throws(BackendError) {
            try await parts.backend.destroy(id)
        } catch {
            await abandon(restarting)
            throw .backend(error)
        }
        guard await hasDeparted(id) else {
            await close(restarting, .failed)
            throw .backend(BackendError(.failed, backend: "any", step: "reset", cause: "its end was not told"))
        }
        await lives.beginAgain(id)
        return try await startAgain(restarting, template)
    }

    private func startAgain(
        _ record: SandboxRecord, _ template: Template
    ) async throws(OrchestratorError) -> SandboxRecord {
        let spec: SandboxSpec
        do throws(SpecError) {
            // The deadline is the record's; the spec's own time is for sandboxes that begin.
            spec = try SandboxSpec(
                template: template, timeToLiveSeconds: SandboxSpec.timeToLiveRange.upperBound,
                metadata: record.metadata, environment: [:])
        } catch {
            await close(record, .failed)
            throw .refused(error)
        }
        await note("sandbox reset", record.id)
        return try await start(record, spec)
    }

    /// The end of the old must have been heard before the new begins, or it would be taken for the new one's.
    private func hasDeparted(_ id: SandboxID) async -> Bool {
        let departure = await lives.departure(id)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in departure {}
                return !Task.isCancelled
            }
            group.addTask {
                // Cut short only by the departure, whose answer counts then.
                try? await Task.sleep(for: Self.departureLimit)
                return false
            }
            let hasDeparted = await group.next() ?? false
            group.cancelAll()
            return hasDeparted
        }
    }
}
