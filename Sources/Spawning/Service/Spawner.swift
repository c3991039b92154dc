import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// The privileged half: takes a closed vocabulary of requests from the server and makes and ends sandboxes. One thread,
/// one loop; whatever it holds, the kernel takes back when it dies, except the sandboxes, which its successor adopts.
public final class Spawner {
    let options: SpawnerOptions
    let place: SpawnerPlace
    let log: SpawnerLog
    let queue: EventQueue
    let cgroups: CgroupTree
    let layers: LayerMounts
    let pool: WritableLayerPool
    /// Names this spawner's life.
    let bootID = RandomID.uuid()

    var families: FamilyTable
    var sandboxes: [String: Sandbox] = [:]
    var sandboxesByToken: [UInt64: Sandbox] = [:]
    /// Those whose first process is on its way; newer ones have larger tokens.
    var births: [UInt64: Sandbox] = [:]
    var foresight = Foresight()
    var zygotes: [ObjectIdentifier: Zygote] = [:]
    var zygotesByToken: [UInt64: ZygoteEvent] = [:]
    var connections: [UInt64: ServerConnection] = [:]
    private let signals: Descriptor
    private var lastToken = Token.firstFree
    private var isStopping = false
    /// Since when nobody is connected and no sandbox lives, in monotonic milliseconds.
    private var uselessSince: Int64?

    /// After how long without connections and sandboxes it exits, in milliseconds.
    private static let uselessLimit: Int64 = 5000
    /// How soon to look again at what the kernel has not finished, in milliseconds.
    private static let retryInterval: Int64 = 10
    /// The same for a sandbox that has only just ended: its last processes are a moment away from their end.
    private static let removalInterval: Int64 = 1
    private static let removalHurry: Int64 = 50
    private static let connectionLimit = 4
    /// How long it waits for its families' first processes to end when it stops, in milliseconds.
    private static let leavePatience: Int64 = 1000

    /// What the loop is told of; families, sandboxes and connections have tokens of their own.
    enum Token {
        static let signals: UInt64 = 1
        static let listener: UInt64 = 2
        static let companion: UInt64 = 3
        static let families: UInt64 = 1 << 32
        static let firstFree: UInt64 = 1 << 33
    }

    /// Takes the place, finds the sandboxes that an earlier spawner left, and listens. All signals are blocked then.
    public init(_ options: SpawnerOptions) throws(SyscallError) {
        self.options = options
        log = SpawnerLog(descriptor: options.logDescriptor)
        signal(SIGPIPE, SIG_IGN)
        signals = Descriptor(owning: try check("signalfd") { nb_signal_descriptor() })
        place = try SpawnerPlace(options)
        for line in HostLimits().makeRoom() { log.write(line) }
        let record = CgroupRecord(directory: place.records.number)
        cgroups = try CgroupTree(layout: try .detect(), name: options.instance, known: try record.read())
        try record.write(cgroups.roots)
        families = FamilyTable(cgroups: cgroups)
        let layersDirectory = place.layers.number
        layers = try LayerMounts(
            sources: options.layerDirectories,
            directory: Descriptor(owning: try check("dup") { fcntl(layersDirectory, F_DUPFD_CLOEXEC, 3) }))
        pool = WritableLayerPool(companion: try LayerCompanion(directory: place.images.number))
        queue = try EventQueue()
        try queue.add(signals.number, token: Token.signals)
        try queue.add(place.listener.number, token: Token.listener)
        try queue.add(pool.descriptor, token: Token.companion)
        try adoptAll()
    }

    /// Serves until it is told to stop or is of no more use. Sandboxes live on.
    public func run() throws(SyscallError) {
        log.write("serving \(options.instance), \(sandboxes.count) sandboxes adopted")
        var hasWork = true
        while !isStopping {
            let tokens = try queue.wait(milliseconds: hasWork ? 0 : timeout())
            for token in tokens { handle(token) }
            endExpired()
            hurryBirths()
            finishEnded()
            hurryZygotes()
            finishZygotes()
            flushConnections()
            families.endIdle(now: monotonicMilliseconds(), isServed: !connections.isEmpty)
            stopIfUseless()
            // Who asks comes before who may ask.
            if tokens.isEmpty || !hasWork { hasWork = prepareAhead() }
        }
        try leave()
    }

    /// Leaves nothing behind but the sandboxes that live.
    private func leave() throws(SyscallError) {
        for zygote in zygotes.values { end(zygote, "the spawner stops") }
        families.endIdle(now: monotonicMilliseconds(), isServed: false, atOnce: true)
        let patience = monotonicMilliseconds() + Self.leavePatience
        while !zygotes.isEmpty || families.families.values.contains(where: \.isEnding),
            monotonicMilliseconds() < patience
        {
            for token in try queue.wait(milliseconds: Int32(Self.retryInterval)) where token >= Token.families {
                handle(token)
            }
            finishZygotes()
        }
        if sandboxes.isEmpty { removeTree(until: patience) }
        try ServiceSocket(place, options).remove(options.socketName)
        log.write("stopping, \(sandboxes.count) sandboxes live on")
    }

    /// A process that was just reaped may keep its cgroup busy a moment longer.
    private func removeTree(until patience: Int64) {
        while true {
            cgroups.remove("")
            let isGone = (try? cgroups.openSandbox("").pids()) == nil  // reading what is gone fails
            if isGone || monotonicMilliseconds() >= patience { return }
            usleep(UInt32(Self.retryInterval) * 1000)
        }
    }

    func newToken() -> UInt64 {
        lastToken += 1
        return lastToken
    }

    private func handle(_ token: UInt64) {
        switch token {
        case Token.signals: isStopping = true
        case Token.listener: accept()
        case Token.companion: receiveWritableLayer()
        case Token.families..<Token.firstFree: families.remove(Int(token - Token.families))
        default:
            if births[token] != nil {
                conclude(token)
            } else if let sandbox = sandboxesByToken[token] {
                firstProcessEnded(sandbox, token: token)
            } else if let event = zygotesByToken[token] {
                handle(event, token: token)
            } else if let connection = connections[token] {
                serve(connection, token: token)
            }
        }
    }

    private func accept() {
        var peer: uid_t = 0
        var pid: pid_t = 0
        let number = nb_accept(place.listener.number)
        guard number >= 0 else { return }  // it went away again
        let socket = Descriptor(owning: number)
        guard nb_peer(number, &peer, &pid) == 0, peer == options.ownerID || peer == 0 else {
            log.write("refused a connection of user \(peer), process \(pid)")
            return
        }
        let token = newToken()
        do { try queue.add(number, token: token) } catch { return log.write("connection: \(error)") }
        if connections.count >= Self.connectionLimit, let oldest = connections.keys.min() {
            connections[oldest] = nil  // a server that was restarted; its descriptor is closed with it
        }
        connections[token] = ServerConnection(socket)
    }

    private func receiveWritableLayer() {
        do {
            if let failure = try pool.receive() { log.write("preparing: \(failure)") }
        } catch {
            log.write("\(error)")
            isStopping = true  // without its companion it can make nothing; a new spawner can
        }
    }

    /// Does one piece of work that a later request would else wait for.
    /// - Returns: whether there is more.
    private func prepareAhead() -> Bool {
        let limit = foresight.limit(births: births.count, now: monotonicMilliseconds())
        do {
            try pool.refill(upTo: limit)
            for family in families.families.values where try family.prepareOne(upTo: limit) { return true }
        } catch {
            log.write("preparing: \(error)")
        }
        return false
    }

    private func flushConnections() {
        for (token, connection) in connections where connection.hasMoreToSend {
            do { try connection.flush() } catch { drop(token, error) }
        }
    }

    /// Milliseconds until the next thing to do without being told; -1 for none.
    private func timeout() -> Int32 {
        var next: Int64 = .max
        let now = wallMilliseconds()
        for sandbox in sandboxes.values {
            if sandbox.end != nil { next = min(next, removalInterval(sandbox)) }
            if sandbox.deadline > 0, sandbox.killedFor == nil { next = min(next, max(0, sandbox.deadline - now)) }
        }
        next = min(next, birthTimeout(), foresight.timeout(now: monotonicMilliseconds()) ?? .max)
        next = min(next, zygoteTimeout())
        if connections.values.contains(where: \.hasMoreToSend) { next = min(next, Self.retryInterval) }
        if !families.families.isEmpty { next = min(next, Self.uselessLimit) }
        if uselessSince != nil { next = min(next, Self.uselessLimit / 4) }
        return next == .max ? -1 : Int32(clamping: next)
    }

    private func birthTimeout() -> Int64 {
        let now = monotonicMilliseconds()
        return births.values.map { max(0, ($0.birth?.deadline ?? now) - now) }.min() ?? .max
    }

    private func zygoteTimeout() -> Int64 {
        let now = monotonicMilliseconds()
        return zygotes.values.map { zygote in
            zygote.endedAt == nil ? max(0, zygote.conversation.nextMoment - now) : Self.removalInterval
        }.min() ?? .max
    }

    private func removalInterval(_ sandbox: Sandbox) -> Int64 {
        let isHurried = monotonicMilliseconds() - sandbox.endedAt < Self.removalHurry
        return isHurried ? Self.removalInterval : Self.retryInterval
    }

    private func stopIfUseless() {
        guard connections.isEmpty, sandboxes.isEmpty else { return uselessSince = nil }
        let now = monotonicMilliseconds()
        let since = uselessSince ?? now
        uselessSince = since
        if now - since >= Self.uselessLimit { isStopping = true }
    }
}

func wallMilliseconds() -> Int64 { milliseconds(CLOCK_REALTIME) }
func monotonicMilliseconds() -> Int64 { milliseconds(CLOCK_MONOTONIC) }

private func milliseconds(_ clock: clockid_t) -> Int64 {
    var now = timespec()
    clock_gettime(clock, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
