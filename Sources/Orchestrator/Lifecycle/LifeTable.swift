import SandboxModel

/// Every sandbox that is alive or being made, in memory. The store is the truth; this is what a request is answered
/// from, and where of two requests at once one is first.
actor LifeTable {
    private var lives: [SandboxID: SandboxLife] = [:]
    /// Who changes a sandbox's end now, and who waits for that turn.
    private var turns: [SandboxID: [CheckedContinuation<Void, Never>]] = [:]
    /// Who waits for a sandbox that is being killed to be gone.
    private var departures: [SandboxID: AsyncStream<Never>.Continuation] = [:]

    /// Before anything is stored or made: from here on the reconciler leaves the sandbox to its maker.
    func begin(_ id: SandboxID, for tenant: TenantID) {
        lives[id] = SandboxLife(startingFor: tenant)
    }

    /// The sandbox that the caller has killed is made anew under its name.
    func beginAgain(_ id: SandboxID) {
        departures[id] = nil
        guard let tenant = lives[id]?.tenant else { return }
        lives[id] = SandboxLife(startingFor: tenant)
    }

    /// - Returns: nil if it runs from now on, or why it is over already.
    func run(_ live: LiveSandbox) -> SandboxEndReason? {
        guard var life = lives[live.record.id] else { return .lost }
        defer { lives[live.record.id] = life }
        return life.run(live)
    }

    /// A sandbox found alive by the reconciler; one that is here already is left as it is.
    func adopt(_ live: LiveSandbox) {
        if lives[live.record.id] == nil { lives[live.record.id] = SandboxLife(live) }
    }

    func forget(_ id: SandboxID) {
        lives[id] = nil
        departures[id] = nil
    }

    func live(_ id: SandboxID) -> LiveSandbox? {
        lives[id]?.live
    }

    /// - Returns: nil also for another tenant's.
    func live(_ id: SandboxID, of tenant: TenantID) -> LiveSandbox? {
        guard let life = lives[id], life.tenant == tenant else { return nil }
        return life.live
    }

    var all: [LiveSandbox] { lives.values.compactMap(\.live) }

    /// Those whom somebody in this process is making or killing, besides those that run.
    var known: Set<SandboxID> { Set(lives.keys) }

    /// Those that are not running: their makers and killers see to them.
    var inHand: Set<SandboxID> { Set(lives.filter { $0.value.live == nil }.keys) }

    func claimEnd(_ id: SandboxID, of tenant: TenantID) -> LiveSandbox? {
        guard lives[id]?.tenant == tenant else { return nil }
        return lives[id]?.claimEnd()
    }

    /// - Returns: true if it is gone all the same, so that the end is still the caller's to write down.
    func giveEndBack(_ id: SandboxID) -> Bool {
        lives[id]?.giveEndBack() ?? true
    }

    func ended(_ id: SandboxID, _ reason: SandboxEndReason) -> SandboxLife.EndVerdict {
        let verdict = lives[id]?.ended(reason) ?? .leave
        if case .finish = verdict { lives[id] = nil }
        departures.removeValue(forKey: id)?.finish()
        return verdict
    }

    /// Ends when the backend says that the sandbox, which the caller is killing, is gone. For one reader.
    func departure(_ id: SandboxID) -> AsyncStream<Never> {
        let (stream, source) = AsyncStream<Never>.makeStream()
        if lives[id]?.isGone == true { source.finish() } else { departures[id] = source }
        return stream
    }

    func update(_ record: SandboxRecord) {
        lives[record.id]?.update(record)
    }

    // MARK: - Turns

    /// Waits until nobody else changes the sandbox's end. Whoever takes a turn gives it back, in every arm.
    func takeTurn(_ id: SandboxID) async {
        guard turns[id] != nil else {
            turns[id] = []
            return
        }
        await withCheckedContinuation { turns[id]?.append($0) }
    }

    func giveTurnBack(_ id: SandboxID) {
        guard let waiting = turns[id], let next = waiting.first else {
            turns[id] = nil
            return
        }
        turns[id] = Array(waiting.dropFirst())
        next.resume()
    }
}
