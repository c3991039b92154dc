import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// Warm processes: at most one for each family, asked to fork itself into the family's sandboxes. Whoever asked is
/// answered when the zygote has, or will not any more; the loop waits for none.
extension Spawner {
    /// Messages taken from one zygote before others have their turn.
    private static let turnLength = 16
    private static let zygoteHostname = "zygote"
    private static let pathVariable = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// How long its first process may take to its exec, in milliseconds.
    private static let startPatience: Int32 = 10_000
    /// After this long a cgroup that cannot be removed is left, in milliseconds.
    private static let removalPatience: Int64 = 10_000

    /// - Returns: whether it is there and warm already; else the asker is answered later.
    func startZygote(_ request: StartZygote, for asker: Asker) throws(SpawnFailure) -> Bool {
        try request.check()
        let family = try families.family(for: request.family) { (family) throws(SpawnFailure) in try watch(family) }
        family.idleSince = nil
        if let zygote = family.zygote {
            if zygote.request == request { return !zygote.conversation.await(asker) }
            end(zygote, "another one takes its place")
        }
        favorMoves()
        let zygote = try makeZygote(request, in: family, for: asker)
        do {
            let (process, socket) = (newToken(), newToken())
            try queue.add(zygote.process.number, token: process)
            try queue.add(zygote.socket.number, token: socket)
            zygotesByToken[process] = .process(zygote)
            zygotesByToken[socket] = .socket(zygote)
        } catch {
            _ = zygote.conversation.removeAll()  // the asker is told by what is thrown
            zygotes[ObjectIdentifier(zygote)] = zygote
            end(zygote, "\(error)")
            throw SpawnFailure(error, step: "watch zygote")
        }
        zygotes[ObjectIdentifier(zygote)] = zygote
        family.zygote = zygote
        return false
    }

    func endZygotes(of key: String) {
        for zygote in zygotes.values where zygote.request.family == key { end(zygote, "the server wants it so") }
    }

    /// Passes the order on; the asker is answered later.
    func land(in sandbox: Sandbox, _ payload: [UInt8], for asker: Asker) throws(SpawnFailure) {
        guard sandbox.birth == nil else {
            throw SpawnFailure(.notFound, step: "sandboxID", message: "the sandbox \(sandbox.id) does not run yet")
        }
        guard let zygote = sandbox.family.zygote, zygote.conversation.isWarm else {
            throw .noZygote("the family of \(sandbox.id) has no warm zygote")
        }
        guard zygote.fits(sandbox) else { throw .noZygote("the zygote is not of the layers that \(sandbox.id) is of") }
        let now = monotonicMilliseconds()
        guard zygote.conversation.land(asker, in: sandbox.id, process: sandbox.pid, payload, now: now) else {
            throw SpawnFailure(
                .exhausted, step: "zygote",
                message: "\(ZygoteConversation<Asker>.waitingLimit) landings wait for it already")
        }
        sendOrders(to: zygote)
    }

    /// Ends a zygote and whatever it started in its own box. Whoever waits for it is told.
    func end(_ zygote: Zygote, _ why: String) {
        guard zygote.markEnded() else { return }
        log.write("zygote of \(zygote.request.family) ends: \(why)")
        if zygote.family.zygote === zygote { zygote.family.zygote = nil }
        for asker in zygote.conversation.removeAll() { tell(asker, .failed(.noZygote("the zygote ended: \(why)"))) }
        do { try zygote.cgroup.kill() } catch {
            log.write("zygote of \(zygote.request.family): \(error)")
            nb_pidfd_kill(zygote.process.number, SIGKILL)
        }
    }

    func handle(_ event: ZygoteEvent, token: UInt64) {
        switch event {
        case .socket(let zygote): hear(zygote, token: token)
        case .process(let zygote):
            zygotesByToken[token] = nil
            do { try queue.remove(zygote.process.number) } catch { log.write("zygote: \(error)") }
            var status: Int32 = 0
            nb_pidfd_status(zygote.process.number, &status)  // reaps it
            end(zygote, "its process ended with status \(status)")
            zygote.isReaped = true
        }
    }

    /// Ends those who owe an answer for too long, and asks who was silent for long whether they are well.
    func hurryZygotes() {
        let now = monotonicMilliseconds()
        for zygote in zygotes.values where zygote.endedAt == nil {
            if zygote.conversation.isLate(now) {
                end(zygote, "an answer of its is overdue")
            } else if zygote.conversation.nextMoment <= now {
                sendOrders(to: zygote)
            }
        }
    }

    /// Removes what is left of the zygotes that ended, and tells of those that were warm.
    func finishZygotes() {
        for (id, zygote) in zygotes {
            guard let endedAt = zygote.endedAt, zygote.isReaped else { continue }
            let isGone = zygote.cgroup.removeAtOnce()
            guard isGone || monotonicMilliseconds() - endedAt >= Self.removalPatience else { continue }
            if !isGone { log.write("zygote of \(zygote.request.family): its cgroup cannot be removed") }
            zygotesByToken = zygotesByToken.filter { $0.value.zygote !== zygote }
            zygotes[id] = nil
            if zygote.wasWarm { announce(.zygoteEnded(family: zygote.request.family)) }
        }
    }

    // MARK: - The conversation

    private func hear(_ zygote: Zygote, token: UInt64) {
        guard zygote.endedAt == nil else { return forget(zygote, token: token) }
        do throws(ZygoteNonsense) {
            for _ in 0..<Self.turnLength {
                guard let outcome = try zygote.receive() else { break }
                tell(outcome, of: zygote)
            }
            sendOrders(to: zygote)
        } catch {
            forget(zygote, token: token)
            end(zygote, error.description)
        }
    }

    /// Its last words interest nobody, and a socket that was hung up would be reported for ever.
    private func forget(_ zygote: Zygote, token: UInt64) {
        zygotesByToken[token] = nil
        do { try queue.remove(zygote.socket.number) } catch { log.write("zygote: \(error)") }
    }

    private func tell(_ outcome: ZygoteConversation<Asker>.Outcome, of zygote: Zygote) {
        switch outcome {
        case .warm(let askers):
            zygote.wasWarm = true
            log.write("zygote of \(zygote.request.family) is warm")
            for asker in askers { tell(asker, .done) }
        case .landed(let asker, let pid): tell(asker, .landed(pid: pid))
        case .failed(let asker, let failure):
            log.write("landing failed at \(failure.step): \(failure.message)")
            tell(asker, .failed(failure))
        case .well: break
        }
    }

    /// Sends as many orders as the zygote may have and its socket has room for.
    private func sendOrders(to zygote: Zygote) {
        while zygote.endedAt == nil, let order = zygote.conversation.next(now: monotonicMilliseconds()) {
            do throws(SpawnFailure) {
                guard try send(order, to: zygote) else { return }
                zygote.conversation.sentNext(order)
            } catch {
                guard case .land(let landing) = order, error.step != "zygote" else { return end(zygote, error.message) }
                zygote.conversation.dropNext()
                tell(landing.asker, .failed(error))
            }
        }
    }

    private func send(
        _ order: ZygoteConversation<Asker>.Order, to zygote: Zygote
    ) throws(SpawnFailure) -> Bool {
        switch order {
        case .ping: return try step("zygote") { () throws(SyscallError) in try zygote.send(Landing.pingBytes, []) }
        case .land(let order):
            let sandbox = try sandbox(order.sandboxID)
            guard sandbox.pid == order.process else {
                throw SpawnFailure(
                    .notFound, step: "sandboxID", message: "the sandbox \(sandbox.id) was made anew since")
            }
            return try send(try Landing(in: sandbox, order.payload), in: sandbox, to: zygote)
        }
    }

    private func send(_ landing: Landing, in sandbox: Sandbox, to zygote: Zygote) throws(SpawnFailure) -> Bool {
        // Not when it was asked for: many may be, before the first is ordered.
        guard sandbox.landedMemories.count < LandedMemory.sandboxLimit else {
            throw SpawnFailure(
                .exhausted, step: "sandboxID",
                message: "\(LandedMemory.sandboxLimit) landings were ordered for \(sandbox.id) already")
        }
        let memory = zygote.landedMemory
        try step("make room for landed memory") { () throws(SyscallError) in try memory.takeOn() }
        do {
            let isSent = try step("zygote") { () throws(SyscallError) in
                try zygote.send(landing.bytes, landing.descriptors)
            }
            if isSent { sandbox.landedMemories.append(memory) } else { memory.giveBack() }
            return isSent
        } catch {
            memory.giveBack()
            throw error
        }
    }

    // MARK: - The box

    private func makeZygote(
        _ request: StartZygote, in family: Family, for asker: Asker
    ) throws(SpawnFailure) -> Zygote {
        guard let namespaces = family.namespaces else { throw .noZygote("the family takes no new processes") }
        let path = Zygote.cgroupPath(family.block, serial: newToken())
        let limits = CgroupLimits(
            memoryBytes: request.limits.memoryBytes, cpuMilli: request.limits.cpuMilli,
            processes: request.limits.processes)
        let cgroup = try step("make cgroup") { () throws(SyscallError) in
            try cgroups.makeSandbox(path, limits: limits)
        }
        do {
            var pair: [Int32] = [-1, -1]
            _ = try step("socketpair") { () throws(SyscallError) in try check("socketpair") { nb_socket_pair(&pair) } }
            let own = Descriptor(owning: pair[0])
            let theirs = Descriptor(owning: pair[1])
            let running = try start(request, namespaces, cgroup, conversation: theirs.number)
            return Zygote(
                request, family: family, process: running.takeProcess(), socket: own, cgroup: cgroup, asker: asker)
        } catch {
            do { try cgroup.remove() } catch let leftover { log.write("after a failed start: \(leftover)") }
            throw error
        }
    }

    private func start(
        _ request: StartZygote, _ namespaces: Family.Namespaces, _ cgroup: SandboxCgroup, conversation: Int32
    ) throws(SpawnFailure) -> RunningProcess {
        let network = try box { () throws(BoxFailure) in try NetworkNamespace(of: namespaces.user) }
        let mounts = try SandboxMounts(
            of: request.layers, shape: DiskShape(request.limits), layers: layers, pool: pool,
            shownTo: namespaces.user)
        let directory = try step("open cgroup") { () throws(SyscallError) in try cgroup.openDirectory() }
        var launch = launch(request, mounts: mounts, conversation: conversation)
        launch.processFiles = cgroup.processFiles
        launch.cgroup = directory.number
        launch.pidNamespace = namespaces.pid.number
        launch.enteredNamespaces = [network.descriptor.number, place.nest.number, namespaces.user.number]
        return try box { () throws(BoxFailure) in
            try RunningProcess(launch, milliseconds: Self.startPatience)
        }
    }

    /// Without a pid namespace of its own, since a process may enter only those below its own; without a user namespace
    /// of its own, since only the family's has power over the sandboxes'.
    private func launch(_ request: StartZygote, mounts: SandboxMounts, conversation: Int32) -> BoxLaunch {
        let root = SandboxRoot(
            of: .zygote, templateID: request.templateID, hostname: Self.zygoteHostname, limits: request.limits,
            mounts: mounts)
        let given = request.environment.map { "\($0.name)=\($0.value)" }
        let hasPath = request.environment.contains { $0.name == "PATH" }
        var program = BoxProgram(
            executable: .path(request.arguments[0]), arguments: request.arguments,
            environment: (hasPath ? [] : [Self.pathVariable]) + given)
        program.passedDescriptors = [conversation]
        var launch = BoxLaunch(newNamespaces: [.mount, .ipc, .uts], steps: root.steps, program: program)
        launch.hostname = Self.zygoteHostname
        launch.privileges = .zygote(request)
        return launch
    }

    private func favorMoves() {
        do {
            if try cgroups.favorMoves() { log.write("asked the kernel for quick moves between cgroups") }
        } catch {
            log.write("landings will be slow on this host: \(error)")
        }
    }
}

/// What the loop is told of a zygote.
enum ZygoteEvent {
    case process(Zygote)
    case socket(Zygote)

    var zygote: Zygote {
        switch self {
        case .process(let zygote), .socket(let zygote): zygote
        }
    }
}
