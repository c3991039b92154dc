import SpawnerProtocol

/// What the spawner and one zygote have to say to each other, and by when: pure, so that every kind of silence and
/// nonsense can be tried. The zygote answers in order; whatever it says that nobody asked for ends it. `Asker` is
/// whoever wants to know; each is handed back exactly once. Moments are in monotonic milliseconds.
struct ZygoteConversation<Asker> {
    /// How long a zygote may take to become warm.
    static var warmingPatience: Int64 { 60_000 }
    /// How long a landing may take, from its request on.
    static var landingPatience: Int64 { 10_000 }
    /// A zygote that was not heard of for so long is asked whether it is well.
    static var pingInterval: Int64 { 15_000 }
    static var pongPatience: Int64 { 5000 }
    /// Landings that wait for one zygote, of all sandboxes of its family.
    static var waitingLimit: Int { 256 }
    /// Orders in its socket at once: as many as fit into it whatever their size.
    static var sentLimit: Int { 4 }

    struct Landing {
        let asker: Asker
        let sandboxID: String
        /// The sandbox's first process: another of the same id is another sandbox.
        let process: Int32
        let payload: [UInt8]
        let deadline: Int64
    }

    enum Order {
        case land(Landing)
        case ping(deadline: Int64)

        var deadline: Int64 {
            switch self {
            case .land(let landing): landing.deadline
            case .ping(let deadline): deadline
            }
        }
    }

    /// What an answer means for those who asked.
    enum Outcome {
        case warm([Asker])
        case landed(Asker, pid: UInt32)
        case failed(Asker, SpawnFailure)
        case well
    }

    private enum Phase {
        case warming([Asker], deadline: Int64)
        case warm
    }

    private var phase: Phase
    private var waiting: [Landing] = []
    private var sent: [Order] = []
    private var nextPing: Int64 = .max

    init(_ asker: Asker, now: Int64) {
        phase = .warming([asker], deadline: now + Self.warmingPatience)
    }

    var isWarm: Bool { if case .warm = phase { true } else { false } }

    /// - Returns: false if it is warm already, so that there is nothing to wait for; the asker is still the caller's.
    mutating func await(_ asker: Asker) -> Bool {
        guard case .warming(let askers, let deadline) = phase else { return false }
        phase = .warming(askers + [asker], deadline: deadline)
        return true
    }

    /// - Returns: false if so many wait already that it was not taken; the asker is still the caller's.
    mutating func land(
        _ asker: Asker, in sandboxID: String, process: Int32, _ payload: [UInt8], now: Int64
    ) -> Bool {
        guard waiting.count + sent.count < Self.waitingLimit else { return false }
        waiting.append(
            Landing(
                asker: asker, sandboxID: sandboxID, process: process, payload: payload,
                deadline: now + Self.landingPatience))
        return true
    }

    /// The next order to send, if the zygote may have one more; it is to be followed by `sentNext` or `dropNext`.
    func next(now: Int64) -> Order? {
        guard isWarm, sent.count < Self.sentLimit else { return nil }
        if let landing = waiting.first { return .land(landing) }
        return sent.isEmpty && now >= nextPing ? .ping(deadline: now + Self.pongPatience) : nil
    }

    mutating func sentNext(_ order: Order) {
        if case .land = order { waiting.removeFirst() }
        sent.append(order)
    }

    /// Takes out the landing that is next: its sandbox is gone.
    mutating func dropNext() {
        waiting.removeFirst()
    }

    /// Takes one datagram of the zygote's.
    /// - Throws: `ZygoteNonsense` for what no honest zygote says now.
    mutating func take(_ bytes: [UInt8], now: Int64) throws(ZygoteNonsense) -> Outcome {
        let message = try ZygoteMessage(bytes)
        nextPing = now + Self.pingInterval
        guard case .warm = phase else { return try warmed(message) }
        guard let order = sent.first else { throw ZygoteNonsense("it spoke unasked") }
        switch (order, message) {
        case (.land(let landing), .landed(let pid)):
            sent.removeFirst()
            return .landed(landing.asker, pid: pid)
        case (.land(let landing), .failed(let failure)):
            sent.removeFirst()
            return .failed(landing.asker, failure)
        case (.ping, .pong):
            sent.removeFirst()
            return .well
        default: throw ZygoteNonsense("its answer fits another question")
        }
    }

    private mutating func warmed(_ message: ZygoteMessage) throws(ZygoteNonsense) -> Outcome {
        guard case .warming(let askers, _) = phase, case .ready = message else {
            throw ZygoteNonsense("it spoke before it was warm")
        }
        phase = .warm
        return .warm(askers)
    }

    /// When it is too late, or time for the next ping.
    var nextMoment: Int64 {
        if case .warming(_, let deadline) = phase { return deadline }
        return min(earliestDeadline, sent.isEmpty ? nextPing : .max)
    }

    /// Whether an answer is overdue.
    func isLate(_ now: Int64) -> Bool {
        if case .warming(_, let deadline) = phase { return deadline <= now }
        return earliestDeadline <= now
    }

    private var earliestDeadline: Int64 { min(sent.first?.deadline ?? .max, waiting.first?.deadline ?? .max) }

    /// Takes everybody out: the zygote is no more.
    mutating func removeAll() -> [Asker] {
        var askers: [Asker] = []
        if case .warming(let early, _) = phase { askers = early }
        for case .land(let landing) in sent { askers.append(landing.asker) }
        askers += waiting.map(\.asker)
        (phase, sent, waiting) = (.warm, [], [])
        return askers
    }
}

/// Why a zygote was ended: nothing that it says is repeated here.
struct ZygoteNonsense: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
