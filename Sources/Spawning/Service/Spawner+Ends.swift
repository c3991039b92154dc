import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

extension Spawner {
    /// After this long a cgroup that cannot be removed is left, and its slot with it, in milliseconds.
    private static let removalPatience: Int64 = 10_000

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
            guard let end = sandbox.end else { continue }
            let isGone = isRemoved(sandbox)
            guard isGone || monotonicMilliseconds() - sandbox.endedAt >= Self.removalPatience else { continue }
            if isGone {
                sandbox.family.slots.give(back: sandbox.slot)
            } else {
                log.write("sandbox \(sandbox.id): its cgroup cannot be removed, its ids are not used again")
            }
            for memory in sandbox.landedMemories { memory.giveBack() }
            removeSocket(of: sandbox)
            sandboxes[sandbox.id] = nil
            if sandbox.family.sandboxCount == 0 { sandbox.family.idleSince = monotonicMilliseconds() }
            tellEnd(of: sandbox, end)
        }
    }

    private func unaskedEnd(of sandbox: Sandbox, status: Int32) -> SandboxEnd {
        // Without its counters nobody can say that memory was short.
        guard status & 0x7f == SIGKILL, let usage = try? sandbox.cgroup.usage() else { return .guestExited }
        return usage.outOfMemoryKills > 0 ? .outOfMemory : .guestExited
    }

    /// Whether nothing of it is left. If not, something in it is dying, or it has cgroups of its own making below.
    private func isRemoved(_ sandbox: Sandbox) -> Bool {
        if sandbox.cgroup.removeAtOnce() { return true }
        cgroups.remove(Sandbox.cgroupPath(sandbox.family.block, id: sandbox.id))
        return sandbox.cgroup.removeAtOnce()
    }

    private func removeSocket(of sandbox: Sandbox) {
        let sockets = ServiceSocket(place, options)
        do { try sockets.remove(Sandbox.socketName(id: sandbox.id)) } catch { log.write("\(error)") }
    }
}
