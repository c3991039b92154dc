import CLinux
import Glibc
import LinuxSystem

/// After a spawner died, its successor finds all it must know in the cgroup tree and in `/proc`.
extension Spawner {
    func adoptAll() throws(SyscallError) {
        for name in try cgroups.children(of: "") {
            guard let block = FamilyBlock(cgroupName: name) else { continue }
            try adopt(block)
        }
        removeDeadSockets()
    }

    private func adopt(_ block: FamilyBlock) throws(SyscallError) {
        let processes = try pids(FamilyTable.processCgroup(block))
        guard let pid = processes.first, let process = openProcess(pid) else {
            return cgroups.remove(block.cgroupName)  // its first process is gone, and with it all of the family
        }
        let family = Family(found: block, pid: pid, process: process)
        try queue.add(family.process.number, token: Token.families + UInt64(block.index))
        families.adopt(family)
        for name in try cgroups.children(of: block.cgroupName) {
            if let id = Sandbox.id(cgroupName: name) { try adopt(id, in: family) }
            // A zygote whose spawner is gone has nobody to obey.
            if name.hasPrefix(Zygote.cgroupPrefix) { try end("\(block.cgroupName)/\(name)") }
        }
    }

    private func adopt(_ id: String, in family: Family) throws(SyscallError) {
        let path = Sandbox.cgroupPath(family.block, id: id)
        let cgroup = cgroups.openSandbox(path)
        let processes = try pids(path)
        for pid in processes {
            guard let process = openProcess(pid), let found = ProcessFacts(pid: pid), found.isFirstOfNamespace,
                let slot = family.block.slot(ofHostID: found.firstHostID), family.slots.claim(slot)
            else { continue }
            let sandbox = Sandbox(
                id: id, pid: pid, process: process, family: family, slot: slot, cgroup: cgroup, image: nil,
                deadline: 0)
            let token = newToken()
            try queue.add(sandbox.process.number, token: token)
            sandboxes[id] = sandbox
            sandboxesByToken[token] = sandbox
            return
        }
        // Nobody who could be talked to is left in it.
        try end(path)
    }

    private func end(_ path: String) throws(SyscallError) {
        let cgroup = cgroups.openSandbox(path)
        if try !pids(path).isEmpty { try cgroup.kill() }
        try cgroup.remove()
    }

    private func pids(_ path: String) throws(SyscallError) -> [Int32] {
        do { return try cgroups.openSandbox(path).pids() } catch where error.number == ENOENT { return [] }
    }

    private func openProcess(_ pid: Int32) -> Descriptor? {
        let number = nb_pidfd_open(pid)
        return number < 0 ? nil : Descriptor(owning: number)
    }

    /// Names of sandboxes' sockets that nobody listens on any more.
    private func removeDeadSockets() {
        let names = DirectoryListing.names(in: place.sockets.number)
        let sockets = ServiceSocket(place, options)
        for name in names where name.hasSuffix(".sock") && name != options.socketName {
            let id = String(name.dropLast(".sock".count))
            guard SandboxName.isValid(id), sandboxes[id] == nil else { continue }
            do { try sockets.remove(name) } catch { log.write("\(error)") }
        }
    }
}
