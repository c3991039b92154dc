import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

extension Spawner {
    /// After this many tries a cgroup that cannot be removed is left, and its slot with it.
    private static let removalLimit = 500

    /// Kills all of a sandbox; the first reason given is the one that counts.
    func kill(_ sandbox: Sandbox, for reason: SandboxEnd) {
        guard sandbox.killedFor == nil, sandbox.end == nil else { return }
        sandbox.killedFor = reason
        do { try sandbox.cgroup.kill() } catch {
            log.write("sandbox \(sandbox.id): \(error)")
            // Its first process takes the whole pid namespace with it.
            nb_pidfd_kill(sandbox.process.number, SIGKILL)
        }
    }

    func endExpired() {
        let now = wallMilliseconds()
        for sandbox in sandboxes.values where sandbox.deadline > 0 && sandbox.deadline <= now {
            kill(sandbox, for: .expired)
        }
    }

    func firstProcessEnded(_ sandbox: Sandbox, token: UInt64) {
        sandboxesByToken[token] = nil
        do { try queue.remove(sandbox.process.number) } catch { log.write("sandbox \(sandbox.id): \(error)") }
        var status: Int32 = SIGKILL  // of one that is not our child nothing is known
        nb_pidfd_status(sandbox.process.number, &status)
        sandbox.end = sandbox.killedFor ?? unaskedEnd(of: sandbox, status: status)
    }

    /// Removes what is left of the sandboxes whose first process has ended.
    func finishEnded() {
        for sandbox in sandboxes.values {
            guard let end = sandbox.end, isRemoved(sandbox) else { continue }
            sandboxes[sandbox.id] = nil
            if sandbox.removals <= Self.removalLimit { sandbox.family.slots.give(back: sandbox.slot) }
            if sandbox.family.sandboxCount == 0 { sandbox.family.idleSince = monotonicMilliseconds() }
            announce(.ended(sandboxID: sandbox.id, end))
        }
    }

    private func unaskedEnd(of sandbox: Sandbox, status: Int32) -> SandboxEnd {
        // Without its counters nobody can say that memory was short.
        guard status & 0x7f == SIGKILL, let usage = try? sandbox.cgroup.usage() else { return .guestExited }
        return usage.outOfMemoryKills > 0 ? .outOfMemory : .guestExited
    }

    /// Whether nothing of it is left, or nothing more can be done.
    private func isRemoved(_ sandbox: Sandbox) -> Bool {
        sandbox.removals += 1
        let path = Sandbox.cgroupPath(sandbox.family.block, id: sandbox.id)
        cgroups.remove(path)
        if sandbox.removals > Self.removalLimit {
            log.write("sandbox \(sandbox.id): its cgroup cannot be removed, its ids are not used again")
        } else if (try? sandbox.cgroup.pids()) != nil {  // one that cannot be read is gone
            return false  // still there: something in it is dying
        }
        let sockets = ServiceSocket(place, options)
        do { try sockets.remove(Sandbox.socketName(id: sandbox.id)) } catch { log.write("\(error)") }
        return true
    }
}
