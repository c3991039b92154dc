import SandboxModel

/// Every pool, in memory: who has what, who waits. The store is the truth about each sandbox; this is where of two
/// requests at once one is first. Nothing here waits while it decides, so each decision is whole.
actor SandboxPools {
    /// What the pools' loop is to do.
    enum Job: Sendable {
        case make(PoolKey)
        case end(LiveSandbox)
    }

    private struct Ready {
        let live: LiveSandbox
        let template: Template
    }

    private struct Pool {
        var settings: PoolSettings
        /// Oldest first.
        var ready: [Ready] = []
        var waiting: [PoolWaiter] = []
        var failures = 0
        var rests = false
        var figures = PoolFigures()
    }

    /// Something has changed: there may be jobs, or somebody to tell. For the one loop that runs the pools.
    nonisolated let changes: AsyncStream<Void>
    private nonisolated let change: AsyncStream<Void>.Continuation
    private var pools: [PoolKey: Pool] = [:]
    /// Being made ahead of demand; also of pools that are no more, for they may come back meanwhile.
    private var making: [PoolKey: Int] = [:]
    /// Promised or handed out, and not known to be gone; also of pools that are no more.
    private var handed: [PoolKey: Set<SandboxID>] = [:]
    private var ending: [PoolKey: [SandboxID: LiveSandbox]] = [:]
    private var unstartedEnds: [LiveSandbox] = []
    /// Sandboxes that are being made for somebody who asked.
    private var othersMaking = 0
    private var isFilling = false

    init() {
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the loop, from whatever thread.
    nonisolated func wake() {
        change.yield()
    }

    // MARK: - Settings

    /// These are the pools from now on. One that is no more gives up what it has ready; who waited for it is told.
    func apply(_ settings: [PoolKey: PoolSettings]) {
        for (key, value) in settings { pools[key, default: Pool(settings: value)].settings = value }
        for key in pools.keys where settings[key] == nil { drop(key) }
        for key in pools.keys { serve(key) }
        wake()
    }

    private func drop(_ key: PoolKey) {
        guard let pool = pools.removeValue(forKey: key) else { return }
        for waiter in pool.waiting { waiter.resume(.noPool) }
        for ready in pool.ready { discard(ready.live, of: key) }
    }

    func reports(of tenant: TenantID) -> [PoolReport] {
        pools.filter { $0.key.tenant == tenant }.sorted { $0.key.templateID < $1.key.templateID }.map { key, pool in
            PoolReport(
                key: key, settings: pool.settings, ready: pool.ready.count, making: making[key] ?? 0,
                inUse: handed[key]?.count ?? 0, waiting: pool.waiting.count, figures: pool.figures)
        }
    }

    // MARK: - Who asks

    func has(_ key: PoolKey) -> Bool {
        pools[key] != nil
    }

    /// A sandbox of the pool, or the right to make one, or the reason why not. Who waits is served in the order of
    /// coming; a cancelled task waits no longer.
    /// - Parameter id: of the sandbox that the asker makes if none is ready. It counts as handed out from here on,
    ///   until `left` is told.
    func acquire(_ key: PoolKey, _ template: Template, for id: SandboxID) async -> PoolGrant {
        guard let settings = pools[key]?.settings else { return .noPool }
        discardStale(key, template)
        if let grant = grant(key, id, isFirst: pools[key]?.waiting.isEmpty ?? false) { return grant }
        guard (pools[key]?.waiting.count ?? 0) < PoolPolicy.waitingLimit, settings.acquireTimeout > .zero else {
            pools[key]?.figures.timeouts += 1
            return .none(settings)
        }
        pools[key]?.figures.waits += 1
        let cancellation = PoolWaiter.Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pools[key]?.waiting.append(
                    PoolWaiter(
                        id: id, deadline: .now + settings.acquireTimeout, settings: settings,
                        cancellation: cancellation, continuation: continuation))
            }
        } onCancel: {
            cancellation.cancel()
            wake()
        }
    }

    /// What was ready is ready again: the asker turned out to need none.
    func giveBack(_ live: LiveSandbox, _ template: Template, to key: PoolKey) {
        guard handed[key]?.remove(live.record.id) != nil else { return }
        keep(live, template, in: key)
    }

    /// A sandbox of the pool is gone, or was never made. May be told twice.
    func left(_ id: SandboxID, _ key: PoolKey) {
        handed[key]?.remove(id)
        ending[key]?.removeValue(forKey: id)
        pools[key]?.ready.removeAll { $0.live.record.id == id }
        serve(key)
        wake()
    }

    /// One that was handed out before this process began.
    func adopt(_ id: SandboxID, _ key: PoolKey) {
        handed[key, default: []].insert(id)
    }

    func foundUnhealthy(_ key: PoolKey) {
        pools[key]?.figures.unhealthy += 1
    }

    /// Ends the waits that have lasted long enough, or that nobody waits in any more.
    func expire(at now: ContinuousClock.Instant = .now) {
        for (key, pool) in pools where !pool.waiting.isEmpty {
            // Asked once: a waiter that is cancelled meanwhile is seen to the next time.
            let over = pool.waiting.filter { $0.isOver(at: now) }
            guard !over.isEmpty else { continue }
            pools[key]?.waiting.removeAll { waiter in over.contains { $0 === waiter } }
            pools[key]?.figures.timeouts += over.count
            for waiter in over { waiter.resume(.none(waiter.settings)) }
        }
    }

    // MARK: - Sandboxes ahead of demand

    /// From here on, or from here on no more, sandboxes are made ahead of demand.
    func fill(_ fills: Bool) {
        isFilling = fills
        wake()
    }

    /// Somebody who asked has a sandbox made: the pools hold back meanwhile.
    func othersBegan() {
        othersMaking += 1
    }

    func othersEnded() {
        othersMaking -= 1
        if othersMaking == 0 { wake() }
    }

    /// The next thing to do, or nil until `changes` says that there may be one.
    func nextJob() -> Job? {
        for key in pools.keys { trim(key) }
        if let live = unstartedEnds.popLast() { return .end(live) }
        let slots = PoolPolicy.refillsAtOnce(othersAreMaking: othersMaking > 0)
        guard isFilling, making.values.reduce(0, +) < slots else { return nil }
        let emptiest = pools.filter { wanted($0.key, $0.value) > 0 }.min { $0.value.ready.count < $1.value.ready.count }
        guard let key = emptiest?.key else { return nil }
        making[key, default: 0] += 1
        return .make(key)
    }

    /// One was made. A pool that is no more ends it, and so does one that wants fewer by now.
    func made(_ live: LiveSandbox, _ template: Template, for key: PoolKey, in duration: Duration) {
        making[key, default: 0] -= 1
        let milliseconds = duration / .milliseconds(1)
        pools[key]?.failures = 0
        pools[key]?.figures.refills += 1
        pools[key]?.figures.lastRefillMilliseconds = milliseconds
        pools[key]?.figures.refillMilliseconds += milliseconds
        keep(live, template, in: key)
    }

    /// None could be made.
    /// - Returns: how long the pool rests; `rested` is to be told then.
    func failed(_ key: PoolKey) -> Duration {
        making[key, default: 0] -= 1
        guard let failures = pools[key]?.failures else { return .zero }
        pools[key]?.failures += 1
        pools[key]?.rests = true
        pools[key]?.figures.refillFailures += 1
        // Room that was kept for it is free.
        serve(key)
        return PoolPolicy.rest(afterFailures: failures)
    }

    func rested(_ key: PoolKey) {
        pools[key]?.rests = false
        wake()
    }

    // MARK: -

    private func counts(_ key: PoolKey) -> PoolPolicy.Counts {
        PoolPolicy.Counts(
            ready: pools[key]?.ready.count ?? 0, making: making[key] ?? 0, handed: handed[key]?.count ?? 0,
            ending: ending[key]?.count ?? 0)
    }

    private func wanted(_ key: PoolKey, _ pool: Pool) -> Int {
        guard !pool.rests else { return 0 }
        return PoolPolicy(settings: pool.settings)
            .refills(counts(key), waiting: pool.waiting.count, hasFailed: pool.failures > 0)
    }

    /// - Returns: nil if the asker is to wait.
    private func grant(_ key: PoolKey, _ id: SandboxID, isFirst: Bool) -> PoolGrant? {
        guard let settings = pools[key]?.settings else { return .noPool }
        switch PoolPolicy(settings: settings).answer(counts(key), isFirst: isFirst) {
        case .wait: return nil
        case .make:
            handed[key, default: []].insert(id)
            pools[key]?.figures.misses += 1
            return .room
        case .handOver:
            guard let ready = pools[key]?.ready.removeFirst() else { return nil }
            handed[key, default: []].insert(ready.live.record.id)
            pools[key]?.figures.hits += 1
            wake()
            return .ready(ready.live)
        }
    }

    private func serve(_ key: PoolKey) {
        while let waiter = pools[key]?.waiting.first, let grant = grant(key, waiter.id, isFirst: true) {
            pools[key]?.waiting.removeFirst()
            waiter.resume(grant)
        }
    }

    private func keep(_ live: LiveSandbox, _ template: Template, in key: PoolKey) {
        if pools[key] == nil {
            discard(live, of: key)
        } else {
            pools[key]?.ready.append(Ready(live: live, template: template))
            serve(key)
        }
        wake()
    }

    private func trim(_ key: PoolKey) {
        guard let pool = pools[key] else { return }
        for _ in 0..<PoolPolicy(settings: pool.settings).surplus(counts(key)) {
            if let ready = pools[key]?.ready.removeFirst() { discard(ready.live, of: key) }
        }
    }

    /// What was made from an older template is nobody's wish.
    private func discardStale(_ key: PoolKey, _ template: Template) {
        guard let stale = pools[key]?.ready.filter({ $0.template != template }), !stale.isEmpty else { return }
        pools[key]?.ready.removeAll { $0.template != template }
        for ready in stale { discard(ready.live, of: key) }
    }

    private func discard(_ live: LiveSandbox, of key: PoolKey) {
        ending[key, default: [:]][live.record.id] = live
        unstartedEnds.append(live)
        wake()
    }
}
