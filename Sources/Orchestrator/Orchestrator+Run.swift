import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    static let housekeepingInterval: Duration = .seconds(600)
    /// How long what ended is remembered, and how many of them at most.
    static let remembrance: Duration = .seconds(7 * 24 * 3600)
    static let rememberedCount = 100_000

    /// Keeps the store and the backend of one mind until the task is cancelled: takes the backend's events, reconciles
    /// whenever the backend is there anew, samples metrics, writes the journal, forgets what is old.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await takeEvents() }
            group.addTask { await runPools() }
            group.addTask { await every(MetricStore.interval) { await sampleAll() } }
            group.addTask { await every(Journal.flushInterval) { await journal.flush() } }
            group.addTask { await every(Self.housekeepingInterval) { await forgetOld() } }
        }
        await journal.flush()
    }

    /// Returns once the store and the backend were compared for the first time: from then on requests are answered
    /// truly. Also returns when the task is cancelled. To be awaited by one task.
    public func recovered() async {
        await recovery.wait()
    }

    private func takeEvents() async {
        for await event in parts.backend.events {
            switch event {
            case .reconnected: await reconcile()
            case .ended(let id, let reason):
                if case .finish(let record) = await lives.ended(id, reason) { await close(record, reason) }
            case .zygoteEnded(let tenant, let templateID):
                parts.observe(.zygoteEnded(tenant, templateID: templateID))
            }
        }
    }

    func every(_ interval: Duration, _ body: () async -> Void) async {
        while !Task.isCancelled {
            await body()
            // Cancellation is what ends this loop; the condition sees it.
            try? await Task.sleep(for: interval)
        }
    }

    private func forgetOld() async {
        let moment = parts.clock.now.adding(.zero - Self.remembrance)
        do throws(StoreError) {
            while try await parts.sandboxes.forget(endedBefore: moment, keeping: Self.rememberedCount) > 0 {}
        } catch {
            parts.log.error("old sandboxes could not be forgotten", metadata: ["error": "\(error)"])
        }
    }
}

/// Tells one waiting task that the first reconciliation is done.
struct Recovery: Sendable {
    private let stream: AsyncStream<Never>
    private let source: AsyncStream<Never>.Continuation

    init() {
        (stream, source) = AsyncStream.makeStream()
    }

    func done() {
        source.finish()
    }

    func wait() async {
        for await _ in stream {}
    }
}
