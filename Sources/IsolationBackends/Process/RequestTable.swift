import Isolation
import SpawnerProtocol

/// Matches answers to requests by number, and holds back what the spawner has no hands for: pure, so that every order
/// of answers, nonsense and silence can be tried. `Waiter` is whoever waits for the outcome; each is handed back
/// exactly once.
struct RequestTable<Waiter> {
    /// The spawner does one thing at a time; so many requests keep it busy and fit its socket's buffer.
    static var outstandingLimit: Int { 32 }
    static var queueLimit: Int { 8192 }
    /// Most sandboxes that a list may name before it is taken for nonsense.
    static var listLimit: Int { 65_536 }

    typealias Outcome = Result<SpawnerAnswer.Content, BackendError>

    private struct Pending {
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
        var listed: [RunningSandboxDescription] = []
    }

    private struct Queued {
        let request: SpawnerRequest
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
    }

    private var pending: [UInt64: Pending] = [:]
    private var queue: [Queued] = []
    private var lastNumber: UInt64 = 0

    var outstandingCount: Int { pending.count }

    /// Takes a request in.
    /// - Returns: false if so many wait already that it was not taken; the waiter is still the caller's.
    mutating func add(
        _ operation: SpawnerRequest.Operation, _ waiter: Waiter, deadline: ContinuousClock.Instant
    ) -> Bool {
        guard queue.count < Self.queueLimit else { return false }
        lastNumber += 1
        queue.append(
            Queued(
                request: SpawnerRequest(number: lastNumber, operation: operation), waiter: waiter,
                deadline: deadline))
        return true
    }

    /// The next request to send, if the spawner may have one more.
    mutating func next() -> SpawnerRequest? {
        guard pending.count < Self.outstandingLimit, !queue.isEmpty else { return nil }
        let queued = queue.removeFirst()
        pending[queued.request.number] = Pending(waiter: queued.waiter, deadline: queued.deadline)
        return queued.request
    }

    /// - Returns: who is served by this answer, if it completes a request.
    /// - Throws: `Nonsense` for an answer that fits no conversation of ours.
    mutating func take(_ answer: SpawnerAnswer) throws(Nonsense) -> (Waiter, Outcome)? {
        guard answer.number > 0, answer.number <= lastNumber else { throw Nonsense("number \(answer.number)") }
        // Its waiter gave up before: nothing to do.
        guard let waiting = pending[answer.number] else { return nil }
        switch answer.content {
        case .sandboxes(let part, let isLast):
            let listed = waiting.listed + part
            guard listed.count <= Self.listLimit else { throw Nonsense("a list without end") }
            pending[answer.number]?.listed = listed
            guard isLast else { return nil }
            return served(answer.number, .success(.sandboxes(listed, isLast: true)))
        case .failed(let failure): return served(answer.number, .failure(BackendError(failure)))
        // The waiter stays: it is told when the connection is cut for this.
        case .ended: throw Nonsense("an end as an answer")
        case .welcome, .created, .done, .usage: return served(answer.number, .success(answer.content))
        }
    }

    private mutating func served(_ number: UInt64, _ outcome: Outcome) -> (Waiter, Outcome)? {
        pending.removeValue(forKey: number).map { ($0.waiter, outcome) }
    }

    /// Takes out a request that could not be sent.
    mutating func withdraw(_ number: UInt64) -> Waiter? {
        pending.removeValue(forKey: number)?.waiter
    }

    /// Takes out who has waited long enough.
    mutating func expire(at now: ContinuousClock.Instant) -> [Waiter] {
        let late = pending.filter { $0.value.deadline <= now }
        for number in late.keys { pending[number] = nil }
        let lateInQueue = queue.filter { $0.deadline <= now }
        queue.removeAll { $0.deadline <= now }
        return late.values.map(\.waiter) + lateInQueue.map(\.waiter)
    }

    /// Takes everybody out: the connection is gone.
    mutating func removeAll() -> [Waiter] {
        defer { (pending, queue) = ([:], []) }
        return pending.values.map(\.waiter) + queue.map(\.waiter)
    }
}

/// What no honest spawner says. Its connection is cut.
struct Nonsense: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
