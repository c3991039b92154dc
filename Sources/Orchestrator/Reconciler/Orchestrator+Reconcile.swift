import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    private static let reconcileAttempts = 5
    private static let reconcileRetry: Duration = .milliseconds(500)

    /// Makes the store and the backend say the same. Runs whenever the backend is there anew. If the backend goes away
    /// while it runs, the next `reconnected` runs it again.
    func reconcile() async {
        for attempt in 1...Self.reconcileAttempts where !Task.isCancelled {
            do {
                try await reconcileOnce()
                parts.observe(.reconciled(await allLive()))
                try await reloadPools()
                await pools.fill(true)
                recovery.done()
                return
            } catch {
                parts.log.error(
                    "the store could not be compared with the backend",
                    metadata: ["attempt": "\(attempt)", "error": "\(error)"])
                // A cancelled wait ends the loop by its condition.
                try? await Task.sleep(for: Self.reconcileRetry)
            }
        }
    }

    private func reconcileOnce() async throws {
        let rows = try await parts.sandboxes.unfinished()
        let running = try await parts.backend.running()
        let steps = Reconciliation.steps(
            rows: rows, running: running, inHand: await lives.inHand, known: await lives.known, at: parts.clock.now)
        await withTaskGroup(of: Void.self) { group in
            for (index, step) in steps.enumerated() {
                if index >= Self.concurrency { await group.next() }
                group.addTask { await take(step) }
            }
        }
        parts.log.info(
            "compared the store with the backend",
            metadata: ["rows": "\(rows.count)", "running": "\(running.count)"])
    }

    private func take(_ step: Reconciliation.Step) async {
        switch step {
        case .keep(let live): await keep(live)
        case .adopt(let live): await adopt(live)
        case .close(let record, let reason): await close(record, reason)
        case .destroy(let record, let reason):
            if await destroy(record.id) { await close(record, reason) }
        case .destroyOrphan(let id): _ = await destroy(id)
        }
    }

    private func keep(_ found: LiveSandbox) async {
        let id = found.record.id
        await lives.adopt(found)
        if found.record.pool == .handed { await pools.adopt(id, PoolKey(found.record)) }
        await lives.takeTurn(id)
        // Its end may have been changed while it was being found.
        if let live = await lives.live(id) {
            do throws(BackendError) {
                try await parts.backend.setDeadline(id, live.record.endsAt)
            } catch {
                parts.log.warning(
                    "a sandbox's end could not be told", metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
            }
        }
        await lives.giveTurnBack(id)
    }

    private func adopt(_ found: LiveSandbox) async {
        do {
            try await parts.guest.configure(found)
            let committed = try await parts.sandboxes.commit(running: found.record)
            await keep(LiveSandbox(record: committed, guestSocketPath: found.guestSocketPath))
        } catch {
            parts.log.error(
                "a half-made sandbox could not be adopted",
                metadata: ["sandbox.id": "\(found.record.id)", "error": "\(error)"])
            if await destroy(found.record.id) { await close(found.record, .failed) }
        }
    }

    private func destroy(_ id: SandboxID) async -> Bool {
        do throws(BackendError) {
            try await parts.backend.destroy(id)
            return true
        } catch {
            parts.log.error(
                "a sandbox that must not be is still there", metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
            return false
        }
    }
}
