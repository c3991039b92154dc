import Glibc
import LinuxSystem
import SpawnerProtocol

/// First processes on their way to their programs. The loop waits for none, and makes ready what others will need.
extension Spawner {
    /// So many at once keep a few cores busy; of more, each would only be later.
    private static let birthLimit = 4

    /// Waits for the oldest birth while there are too many.
    func awaitTurn() {
        while births.count >= Self.birthLimit, let token = births.keys.min() {
            conclude(token, milliseconds: Int32(Birth.patience))
        }
    }

    func watchBirth(of sandbox: Sandbox) {
        guard let birth = sandbox.birth else { return }
        let token = newToken()
        births[token] = sandbox
        do { try queue.add(birth.report, token: token) } catch {
            conclude(token, milliseconds: Int32(Birth.patience))  // not told, so asked
        }
    }

    /// Ends those who are late.
    func hurryBirths() {
        if births.isEmpty { return }
        let now = monotonicMilliseconds()
        for (token, sandbox) in births where sandbox.birth?.deadline ?? 0 <= now { conclude(token) }
    }

    /// Hears how a birth went. Who asked is told now if the program runs, else when nothing is left.
    func conclude(_ token: UInt64, milliseconds: Int32 = 0) {
        guard let sandbox = births.removeValue(forKey: token), let birth = sandbox.birth else { return }
        sandbox.birth = nil
        // Closing it is not enough: a process that is being born may hold a copy for a moment.
        do { try queue.remove(birth.report) } catch { log.write("sandbox \(sandbox.id): \(error)") }
        do throws(SpawnFailure) {
            try box { () throws(BoxFailure) in try birth.outcome(milliseconds: milliseconds) }
            try watchEnd(of: sandbox)
            tell(birth.asker, .created)
            foresight.sandboxWasBorn(now: monotonicMilliseconds())
        } catch {
            sandbox.stillbirth = (birth.asker, error)
            sandbox.end = sandbox.killedFor ?? .destroyed
        }
    }

    private func watchEnd(of sandbox: Sandbox) throws(SpawnFailure) {
        let token = newToken()
        do { try queue.add(sandbox.process.number, token: token) } catch {
            kill(sandbox, for: .destroyed)
            throw SpawnFailure(error, step: "watch sandbox")
        }
        sandboxesByToken[token] = sandbox
    }

    /// Tells the servers of a sandbox that is gone. One that never ran concerns who asked for it, and others only if
    /// they were told of it or ended it.
    func tellEnd(of sandbox: Sandbox, _ end: SandboxEnd) {
        guard let (asker, failure) = sandbox.stillbirth else {
            return announce(.ended(sandboxID: sandbox.id, end))
        }
        log.write("request \(asker.number) failed at \(failure.step): \(failure.message)")
        let isHeard = connections[asker.connection] != nil
        tell(asker, .failed(failure))
        if sandbox.killedFor != nil || !isHeard { announce(.ended(sandboxID: sandbox.id, end)) }
    }
}
