import Isolation
import SpawnerProtocol

/// Matches answers to requests by number, and holds back what the spawner has no hands for: pure, so that every order
/// of answers, nonsense and silence can be tried. `Waiter` is whoever waits for the outcome; each is handed back
/// exactly once.
struct RequestTable<Waiter> {
    static var queueLimit: Int { 8192 }
    /// Most sandboxes that a list may name before it is taken for nonsense.
    static var listLimit: Int { 65_536 }

    typealias Outcome = Result<SpawnerAnswer.Content, BackendError>

    private struct Pending {
        let request: SpawnerRequest
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
        var listed: [RunningSandboxDescription] = []
    }

    private var pending: [UInt64: Pending] = [:]
    private var outstanding: [RequestLane: Int] = [:]
    private var queues: [RequestLane: [Pending]] = [:]
    private var lastNumber: UInt64 = 0

    var outstandingCount: Int { pending.count }

    /// Takes a request in.
    /// - Returns: false if so many wait already that it was not taken; the waiter is still the caller's.
    mutating func add(
        _ operation: SpawnerRequest.Operation, _ waiter: Waiter, deadline: ContinuousClock.Instant
    ) -> Bool {
        let lane = RequestLane(operation)
        guard queues[lane, default: []].count < Self.queueLimit else { return false }
        lastNumber += 1
        queues[lane, default: []].append(
            Pending(
                request: SpawnerRequest(number: lastNumber, operation: operation), waiter: waiter,
                deadline: deadline))
        return true
    }

    /// The next request to send, if the spawner may have one more.
    mutating func next() -> SpawnerRequest? {
        for lane in RequestLane.allCases
        where outstanding[lane, default: 0] < lane.outstandingLimit && !queues[lane, default: []].isEmpty {
            guard let queued = queues[lane]?.removeFirst() else { continue }
            pending[queued.request.number] = queued
            outstanding[lane, default: 0] += 1
            return queued.request
        }
        return nil
    }

    /// Takes back a request that could not be sent now; it is the next of its lane again.
    mutating func putBack(_ number: UInt64) {
        guard let returned = remove(number) else { return }
        queues[RequestLane(returned.request.operation), default: []].insert(returned, at: 0)
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
        case .ended, .zygoteEnded: throw Nonsense("an end as an answer")
        case .welcome, .created, .done, .usage, .landed: return served(answer.number, .success(answer.content))
        }
    }

    private mutating func served(_ number: UInt64, _ outcome: Outcome) -> (Waiter, Outcome)? {
        remove(number).map { ($0.waiter, outcome) }
    }

    private mutating func remove(_ number: UInt64) -> Pending? {
        guard let removed = pending.removeValue(forKey: number) else { return nil }
        outstanding[RequestLane(removed.request.operation), default: 0] -= 1
        return removed
    }

    /// Takes out who has waited long enough.
    mutating func expire(at now: ContinuousClock.Instant) -> [Waiter] {
        let late = pending.filter { $0.value.deadline <= now }.keys.compactMap { remove($0) }
        let lateInQueue = queues.values.joined().filter { $0.deadline <= now }
        for lane in RequestLane.allCases { queues[lane]?.removeAll { $0.deadline <= now } }
        return (late + lateInQueue).map(\.waiter)
    }

    /// Takes everybody out: the connection is gone.
    mutating func removeAll() -> [Waiter] {
        defer { (pending, outstanding, queues) = ([:], [:], [:]) }
        return (Array(pending.values) + queues.values.joined()).map(\.waiter)
    }
}

/// Requests that the spawner does one after the other, and requests that it passes on to a zygote and answers when that
/// has answered: the ones must not wait for the others.
enum RequestLane: CaseIterable {
    case prompt, patient

    init(_ operation: SpawnerRequest.Operation) {
        switch operation {
        case .hello, .create, .setDeadline, .destroy, .list, .usage, .endZygote: self = .prompt
        case .startZygote, .land: self = .patient
        }
    }

    /// The spawner does one thing at a time; so many prompt requests keep it busy and fit its socket's buffer. Of what
    /// waits for zygotes it bounds each zygote's share.
    var outstandingLimit: Int {
        switch self {
        case .prompt: 32
        case .patient: 4096
        }
    }
}

/// What no honest spawner says. Its connection is cut.
struct Nonsense: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
