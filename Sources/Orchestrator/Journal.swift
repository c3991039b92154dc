import Logging
import Persistence
import SandboxModel

/// Lines of sandboxes' logs on their way to the store, written in batches. A line is worth less than a request: what
/// does not fit or cannot be stored is dropped and counted.
actor Journal {
    static let limit = 65_536
    static let flushInterval: Duration = .milliseconds(250)

    private let store: EventStore
    private let log: Logger
    private var pending: [PendingEvent] = []
    private(set) var droppedCount = 0
    private var isFlushing = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ store: EventStore, log: Logger) {
        self.store = store
        self.log = log
    }

    func add(_ event: SandboxEvent, of id: SandboxID) {
        guard pending.count < Self.limit else {
            droppedCount += 1
            return
        }
        pending.append(PendingEvent(sandbox: id, event: event))
    }

    /// Returns once all that was added before is in the store or was dropped.
    func flush() async {
        // What somebody else has taken out is not in the store yet.
        while isFlushing { await withCheckedContinuation { waiting.append($0) } }
        guard !pending.isEmpty else { return }
        isFlushing = true
        await write(takeBatch())
        isFlushing = false
        for waiter in waiting { waiter.resume() }
        waiting = []
    }

    private func takeBatch() -> [PendingEvent] {
        let batch = pending
        pending = []
        return batch
    }

    private func write(_ batch: [PendingEvent]) async {
        do {
            try await store.append(batch)
        } catch {
            droppedCount += batch.count
            log.error("events were dropped", metadata: ["error": "\(error)", "count": "\(batch.count)"])
        }
    }
}
