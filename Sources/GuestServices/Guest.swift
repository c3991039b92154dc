import CLinux
import Glibc
import GuestProtocol
import LinuxSystem

/// The state of PID 1: what it was told, who is connected, what runs. Lives as long as its process.
public final class Guest {
    /// Clients at once, file workers among them; others wait in the backlog.
    static let connectionLimit = 1024

    let loop: EventLoop
    let processes: ProcessTable
    let socketWaits: SocketWaits
    let commandLimits: CommandLimits
    var configuration = Configuration(environment: [], reservedEnvironment: [], defaultUser: Account.root.name)
    var accounts = AccountCache()
    private var listener: Listener?
    private var connectionCount = 0
    private var workers: Set<pid_t> = []
    private var reaper: ChildReaper?

    /// - Parameter listener: a listening stream socket, taken over.
    public init(listener: Int32) throws(SyscallError) {
        // First, before anybody in the sandbox can look: no ptrace, no /proc/1/mem, no /proc/1/fd.
        try check("prctl", path: "PR_SET_DUMPABLE") { guest_prctl(PR_SET_DUMPABLE, 0) }
        guest_ignore_sigpipe()
        umask(0o022)  // of the files that are made here
        if getpid() != 1 {
            try check("prctl", path: "PR_SET_CHILD_SUBREAPER") { guest_prctl(PR_SET_CHILD_SUBREAPER, 1) }
        }
        commandLimits = try CommandLimits()
        loop = try EventLoop()
        processes = ProcessTable(loop: loop)
        socketWaits = SocketWaits(loop: loop)
        reaper = try ChildReaper(guest: self)
        self.listener = try Listener(listener, guest: self)
    }

    /// Serves until the process ends.
    public func run() throws(SyscallError) -> Never {
        while true {
            try loop.turn(deadline: [processes.deadline, socketWaits.deadline].compactMap(\.self).min())
            let now = guest_monotonic_milliseconds()
            processes.expire(now: now)
            socketWaits.expire(now: now)
        }
    }

    // MARK: Connections and children

    func accepted(_ descriptor: Int32) {
        connectionCount += 1
        _ = Connection(descriptor, guest: self)
    }

    var takesConnections: Bool { connectionCount < Self.connectionLimit }

    func connectionEnded() {
        connectionCount -= 1
        listener?.resume()
    }

    /// A worker counts as a connection until it is reaped.
    func workerStarted(_ pid: pid_t) {
        workers.insert(pid)
    }

    /// Every process that has ended comes by here: supervisors, workers, and orphans that nobody else waits for.
    func childEnded(_ pid: pid_t) {
        if workers.remove(pid) != nil { return connectionEnded() }
        // Its pipes are descriptors that the listener may have been short of.
        if processes.supervisorEnded(pid) { listener?.resume() }
    }
}
