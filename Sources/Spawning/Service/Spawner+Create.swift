import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

extension Spawner {
    /// Connections that wait in a sandbox's socket until its guest accepts them.
    private static let guestBacklog: Int32 = 512
    /// In its own cgroup the guest goes first, so that it can end what rages there. Commands start at 0.
    private static let guestNice: Int32 = -20

    /// Begins a sandbox; `asker` is answered when its guest's program runs, or when nothing is left of it. On throw
    /// nothing is left.
    func create(_ request: CreateSandbox, for asker: Asker) throws(SpawnFailure) {
        try request.check()
        guard sandboxes[request.sandboxID] == nil else {
            throw SpawnFailure(.exists, step: "sandboxID", message: "there is a sandbox \(request.sandboxID) already")
        }
        guard Sandbox.socketName(id: request.sandboxID) != options.socketName else {
            throw .refusing("sandboxID", request.sandboxID, allowed: "not the name of the spawner's own socket")
        }
        guard sandboxes.count < SpawnRules.sandboxCountLimit else {
            throw SpawnFailure(
                .exhausted, step: "sandboxes",
                message: "\(sandboxes.count) live; allowed: \(SpawnRules.sandboxCountLimit)")
        }
        let family = try families.family(for: request.family) { (family) throws(SpawnFailure) in try watch(family) }
        family.idleSince = nil
        awaitTurn()
        let sandbox = try create(request, in: family, for: asker)
        sandboxes[sandbox.id] = sandbox
        watchBirth(of: sandbox)
    }

    func watch(_ family: Family) throws(SpawnFailure) {
        try step("watch family") { () throws(SyscallError) in
            try queue.add(family.process.number, token: Token.families + UInt64(family.block.index))
        }
    }

    private func create(
        _ request: CreateSandbox, in family: Family, for asker: Asker
    ) throws(SpawnFailure) -> Sandbox {
        let (user, network) = try box { () throws(BoxFailure) in try family.takeNamespaces() }
        do {
            return try create(request, in: family, user, network, for: asker)
        } catch {
            family.slots.give(back: user.slot)
            throw error
        }
    }

    private func create(
        _ request: CreateSandbox, in family: Family, _ user: UserNamespace, _ network: NetworkNamespace,
        for asker: Asker
    ) throws(SpawnFailure) -> Sandbox {
        let path = Sandbox.cgroupPath(family.block, id: request.sandboxID)
        let limits = CgroupLimits(
            memoryBytes: request.limits.memoryBytes, cpuMilli: request.limits.cpuMilli,
            processes: request.limits.processes)
        let cgroup = try step("make cgroup") { () throws(SyscallError) in
            try cgroups.makeSandbox(path, limits: limits)
        }
        do throws(SpawnFailure) {
            let started = try start(request, in: family, user, network, cgroup)
            let pid = started.pid
            let process: Descriptor
            do { process = try started.copyOfProcess() } catch {
                started.end()
                throw SpawnFailure(error, step: "watch sandbox")
            }
            return Sandbox(
                id: request.sandboxID, pid: pid, process: process, family: family, slot: user.slot, cgroup: cgroup,
                image: SandboxImage(request), deadline: request.deadlineMilliseconds,
                birth: Birth(started, asker: asker))
        } catch {
            do { try cgroup.remove() } catch let leftover { log.write("after a failed create: \(leftover)") }
            throw error
        }
    }

    private func start(
        _ request: CreateSandbox, in family: Family, _ user: UserNamespace, _ network: NetworkNamespace,
        _ cgroup: SandboxCgroup
    ) throws(SpawnFailure) -> StartedBox {
        let mounts = try SandboxMounts(
            of: request.layers, shape: DiskShape(request.limits), layers: layers, pool: pool, shownTo: user.descriptor)
        let directory = try step("open cgroup") { () throws(SyscallError) in try cgroup.openDirectory() }
        let sockets = ServiceSocket(place, options)
        let name = Sandbox.socketName(id: request.sandboxID)
        let socket = try step("listen for guest") { () throws(SyscallError) in
            try sockets.listen(name, type: Int32(SOCK_STREAM.rawValue), backlog: Self.guestBacklog)
        }
        var launch = launch(request, mounts: mounts, socket: socket.number)
        launch.processFiles = cgroup.processFiles
        launch.cgroup = directory.number
        launch.pidNamespace = family.namespaces?.pid.number ?? -1
        launch.enteredNamespaces = [network.descriptor.number, place.nest.number, user.descriptor.number]
        do {
            return try launch.start()
        } catch {
            try? sockets.remove(name)  // the cause is thrown; a name without a listener is replaced
            throw SpawnFailure(error)
        }
    }

    private func launch(_ request: CreateSandbox, mounts: SandboxMounts, socket: Int32) -> BoxLaunch {
        let root = SandboxRoot(
            of: .sandbox(id: request.sandboxID), templateID: request.templateID, hostname: request.hostname,
            limits: request.limits, mounts: mounts)
        var program = BoxProgram(
            executable: .descriptor(place.guest.number), arguments: ["nestbox-guest"],
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        program.passedDescriptors = [socket]
        var launch = BoxLaunch(newNamespaces: [.mount, .pid, .ipc, .uts], steps: root.steps, program: program)
        launch.hostname = request.hostname
        launch.nice = Self.guestNice
        launch.privileges = .sandbox(request)
        return launch
    }
}
