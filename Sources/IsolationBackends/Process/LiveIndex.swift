import SandboxModel

/// Which sandboxes the spawner holds, as far as we were told, and who waits for one of them to be gone. Pure; each
/// waiter is handed back exactly once.
struct LiveIndex<Waiter> {
    private var live: Set<SandboxID> = []
    private var waiters: [SandboxID: [(waiter: Waiter, deadline: ContinuousClock.Instant)]] = [:]

    var ids: Set<SandboxID> { live }

    mutating func insert(_ id: SandboxID) {
        live.insert(id)
    }

    /// - Returns: who waited for it.
    mutating func remove(_ id: SandboxID) -> [Waiter] {
        live.remove(id)
        return waiters.removeValue(forKey: id)?.map(\.waiter) ?? []
    }

    /// What the spawner lists is there; what was there before the question and is not listed is gone.
    /// - Returns: who waited for those.
    mutating func replace(_ before: Set<SandboxID>, by listed: Set<SandboxID>) -> [Waiter] {
        live.formUnion(listed)
        return before.subtracting(listed).flatMap { remove($0) }
    }

    /// - Returns: false if the sandbox is not there, so that there is nothing to wait for.
    mutating func wait(for id: SandboxID, _ waiter: Waiter, until deadline: ContinuousClock.Instant) -> Bool {
        guard live.contains(id) else { return false }
        waiters[id, default: []].append((waiter, deadline))
        return true
    }

    /// Takes out who has waited long enough.
    mutating func expire(at now: ContinuousClock.Instant) -> [Waiter] {
        let late = waiters.values.joined().filter { $0.deadline <= now }.map(\.waiter)
        waiters = waiters.mapValues { $0.filter { $0.deadline > now } }.filter { !$0.value.isEmpty }
        return late
    }
}
