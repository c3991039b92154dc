import CLinux
import Glibc
import GuestProtocol

/// The commands that run, and the last ones that have ended.
final class ProcessTable {
    /// Exits that are remembered for who attaches late.
    static let historyLimit = 64

    /// What a selector stands for.
    enum Found {
        case running(RunningProcess)
        case ended(pid: UInt32, ProcessExit)
    }

    private struct Ended {
        let pid: UInt32
        let tag: String?
        let exit: ProcessExit
    }

    let loop: EventLoop
    private var supervised: [pid_t: RunningProcess] = [:]
    /// In the order of their start.
    private(set) var running: [RunningProcess] = []
    private var history: [Ended] = []
    /// The most processes that a command might have which ended and left some behind.
    private var limitLeftBehind: UInt64 = 0
    private let orphans: OrphanedOutputs

    init(loop: EventLoop) {
        self.loop = loop
        orphans = OrphanedOutputs(loop: loop)
    }

    /// When the next process's time is up.
    var deadline: UInt64? { supervised.values.compactMap(\.deadline).min() }

    /// The most processes that anything still running was told to have.
    var highestProcessLimit: UInt64 {
        supervised.values.reduce(limitLeftBehind) { max($0, $1.processLimit) }
    }

    func leftSomething(_ process: RunningProcess) {
        limitLeftBehind = max(limitLeftBehind, process.processLimit)
    }

    /// The kernel says that PID 1 has no child.
    func nobodyIsLeft() {
        limitLeftBehind = 0
    }

    func add(_ process: RunningProcess, supervisor: pid_t) {
        supervised[supervisor] = process
    }

    func started(_ process: RunningProcess) {
        running.append(process)
    }

    /// `exit` is nil for one that never ran.
    func ended(_ process: RunningProcess, exit: ProcessExit?) {
        running.removeAll { $0 === process }
        if let exit { remember(process, exit) }
        for output in process.outputs where output.isOpen { orphans.adopt(output.number) }
        process.outputs = []
    }

    /// - Returns: false if `pid` was no supervisor.
    func supervisorEnded(_ pid: pid_t) -> Bool {
        guard let process = supervised.removeValue(forKey: pid) else { return false }
        process.supervisorEnded()
        return true
    }

    /// Ends what is over its time.
    func expire(now: UInt64) {
        for process in supervised.values where process.deadline.map({ $0 <= now }) == true { process.expire() }
    }

    /// The running one first; of several with the same tag the one started last.
    /// - Throws: `notFound`.
    func find(_ selector: ProcessSelector) throws(GuestFailure) -> Found {
        switch selector {
        case .pid(let pid):
            if let process = running.last(where: { $0.pid == pid }) { return .running(process) }
            if let ended = history.last(where: { $0.pid == pid }) { return .ended(pid: pid, ended.exit) }
            throw GuestFailure(.notFound, "process with pid \(pid) not found")
        case .tag(let tag):
            if let process = running.last(where: { $0.tag == tag }) { return .running(process) }
            if let ended = history.last(where: { $0.tag == tag }) { return .ended(pid: ended.pid, ended.exit) }
            throw GuestFailure(.notFound, "process with tag '\(tag)' not found")
        }
    }

    /// - Throws: `notFound` also for one that has ended.
    func findRunning(_ selector: ProcessSelector) throws(GuestFailure) -> RunningProcess {
        if case .running(let process) = try find(selector) { return process }
        switch selector {
        case .pid(let pid): throw GuestFailure(.notFound, "process with pid \(pid) not found")
        case .tag(let tag): throw GuestFailure(.notFound, "process with tag '\(tag)' not found")
        }
    }

    private func remember(_ process: RunningProcess, _ exit: ProcessExit) {
        if history.count == Self.historyLimit { history.removeFirst() }
        history.append(Ended(pid: process.pid, tag: process.tag, exit: exit))
    }
}
