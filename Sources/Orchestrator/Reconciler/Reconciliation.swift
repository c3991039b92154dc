import Isolation
import Persistence
import SandboxModel

/// Compares what the store says with what the backend has, and says what makes both true. Pure.
enum Reconciliation {
    enum Step: Sendable, Hashable {
        /// Both agree; the backend is told its end again, since it may not know it.
        case keep(LiveSandbox)
        /// Made, but not written down before a crash; whoever asked for it may ask again.
        case adopt(LiveSandbox)
        /// The row's sandbox is no more.
        case close(SandboxRecord, SandboxEndReason)
        /// The sandbox is there and must not be.
        case destroy(SandboxRecord, SandboxEndReason)
        /// Nobody's.
        case destroyOrphan(SandboxID)
    }

    /// - Parameters:
    ///   - rows: read before `running`, so that a row without a sandbox cannot be one that was made meanwhile.
    ///   - inHand: those that this process is making or killing right now; they are left to whoever does.
    ///   - known: those that this process knows to be alive or in hand, taken after `running`.
    static func steps(
        rows: [UnfinishedSandbox], running: [RunningSandbox], inHand: Set<SandboxID>, known: Set<SandboxID>,
        at now: Timestamp
    ) -> [Step] {
        let sockets = Dictionary(running.map { ($0.id, $0.guestSocketPath) }) { first, _ in first }
        let judged = rows.filter { !inHand.contains($0.record.id) }.map { row in
            judge(row, socket: sockets[row.record.id], isKnown: known.contains(row.record.id), at: now)
        }
        let rowIDs = Set(rows.map(\.record.id))
        let orphans = running.map(\.id).filter { !rowIDs.contains($0) && !known.contains($0) }
        return judged + orphans.map(Step.destroyOrphan)
    }

    private static func judge(
        _ row: UnfinishedSandbox, socket: String?, isKnown: Bool, at now: Timestamp
    ) -> Step {
        let record = row.record
        let isExpired = record.endsAt <= now
        guard let socket else {
            return .close(record, record.state == .starting ? .failed : isExpired ? .expired : .lost)
        }
        if isExpired { return .destroy(record, record.state == .starting ? .failed : .expired) }
        // Of a pool that a former server held, and from a template that may have changed since: nobody's.
        if record.pool == .pooled, !isKnown { return .destroy(record, .killed) }
        let live = LiveSandbox(record: record, guestSocketPath: socket)
        switch record.state {
        case .running: return .keep(live)
        // Without a key nobody knows its name, so nobody can ever use it.
        case .starting: return row.mayBeAskedForAgain ? .adopt(live) : .destroy(record, .failed)
        case .ended: preconditionFailure("the store gives rows that are not over")
        }
    }
}
