import SandboxModel

/// Where one sandbox is between its admission and its end, and what may happen to it next. Pure: it judges, others act.
/// Moves only forward: starting, running, ending, and back from ending only if the end failed.
struct SandboxLife: Sendable {
    enum Phase: Sendable, Hashable {
        /// Being made. It may end before it ever ran; whoever makes it is told then.
        case starting(endedBecause: SandboxEndReason?)
        case running(LiveSandbox)
        /// Somebody is killing it; to everybody else it is gone.
        case ending(LiveSandbox, isGone: Bool)
    }

    /// What is to be done about a sandbox that the backend says is gone.
    enum EndVerdict: Sendable, Hashable {
        /// Nobody else will: write it down.
        case finish(SandboxRecord)
        /// Who kills it, or who was making it, writes it down.
        case leave
    }

    let tenant: TenantID
    private(set) var phase: Phase

    init(startingFor tenant: TenantID) {
        self.tenant = tenant
        phase = .starting(endedBecause: nil)
    }

    init(_ live: LiveSandbox) {
        tenant = live.record.tenant
        phase = .running(live)
    }

    /// What the data plane may talk to.
    var live: LiveSandbox? {
        if case .running(let live) = phase { live } else { nil }
    }

    /// Being killed, and the backend has said that it is no more.
    var isGone: Bool {
        if case .ending(_, isGone: true) = phase { true } else { false }
    }

    /// - Returns: nil if it runs from now on, or why it ended while it was being made.
    mutating func run(_ live: LiveSandbox) -> SandboxEndReason? {
        guard case .starting(let reason) = phase else {
            preconditionFailure("a sandbox is started once, by the one who began its life")
        }
        if let reason { return reason }
        phase = .running(live)
        return nil
    }

    /// The right to kill it: of two callers one gets it.
    mutating func claimEnd() -> LiveSandbox? {
        guard case .running(let live) = phase else { return nil }
        phase = .ending(live, isGone: false)
        return live
    }

    /// The kill failed: the sandbox lives on, unless it ended by itself meanwhile.
    /// - Returns: whether it did.
    mutating func giveEndBack() -> Bool {
        guard case .ending(let live, let isGone) = phase else { return false }
        if !isGone { phase = .running(live) }
        return isGone
    }

    /// The backend says that it is gone.
    mutating func ended(_ reason: SandboxEndReason) -> EndVerdict {
        switch phase {
        case .starting:
            phase = .starting(endedBecause: reason)
            return .leave
        case .running(let live): return .finish(live.record)
        case .ending(let live, _):
            phase = .ending(live, isGone: true)
            return .leave
        }
    }

    /// The store holds a newer record.
    mutating func update(_ record: SandboxRecord) {
        func newer(_ live: LiveSandbox) -> LiveSandbox {
            guard record.generation > live.record.generation else { return live }
            return LiveSandbox(record: record, guestSocketPath: live.guestSocketPath)
        }
        switch phase {
        case .starting: break
        case .running(let live): phase = .running(newer(live))
        case .ending(let live, let isGone): phase = .ending(newer(live), isGone: isGone)
        }
    }
}
