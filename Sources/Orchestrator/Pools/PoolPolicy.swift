import SandboxModel

/// What a pool does, given what it has. Pure: it judges, `SandboxPools` acts.
struct PoolPolicy: Sendable {
    /// Sandboxes that all pools make at once while nobody else makes any, and while somebody does: who asks goes first.
    static let refillsAtOnce = 4
    static let refillsBesideOthers = 1
    /// Of one pool, so that none keeps the others waiting; a pool whose last try failed tries with one.
    static let refillsOfOnePool = 2
    /// Who waits for one pool at once.
    static let waitingLimit = 10_000

    /// Of one pool.
    struct Counts: Sendable, Hashable {
        /// Waiting for somebody.
        var ready = 0
        /// Being made ahead of demand.
        var making = 0
        /// Somebody's, from the moment that it is promised until it is gone.
        var handed = 0
        /// No longer wanted, and not gone yet.
        var ending = 0

        var all: Int { ready + making + handed + ending }
    }

    enum Answer: Sendable, Hashable {
        case handOver
        /// None is ready, and there is room: who asks makes one, on the pool's account.
        case make
        /// All that may be are somebody's.
        case wait
    }

    let settings: PoolSettings

    /// - Parameter isFirst: nobody has waited longer.
    func answer(_ counts: Counts, isFirst: Bool) -> Answer {
        guard isFirst else { return .wait }
        if counts.ready > 0 { return .handOver }
        return counts.all < settings.maximum ? .make : .wait
    }

    /// How many more to make ahead of demand. None while somebody waits: room is theirs.
    func refills(_ counts: Counts, waiting: Int, hasFailed: Bool) -> Int {
        guard waiting == 0 else { return 0 }
        let wanted = settings.minimum - counts.ready - counts.making
        let room = settings.maximum - counts.all
        let slots = (hasFailed ? 1 : Self.refillsOfOnePool) - counts.making
        return max(0, min(wanted, room, slots))
    }

    /// How many ready ones are not wanted any more.
    func surplus(_ counts: Counts) -> Int {
        max(0, counts.ready - settings.minimum)
    }

    static func refillsAtOnce(othersAreMaking: Bool) -> Int {
        othersAreMaking ? refillsBesideOthers : refillsAtOnce
    }

    /// How long a pool rests after so many failures in a row: doubles up to the longest.
    static func rest(afterFailures count: Int) -> Duration {
        min(.milliseconds(100) * (1 << min(count, 10)), .seconds(30))
    }
}
