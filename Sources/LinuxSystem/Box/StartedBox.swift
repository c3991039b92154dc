import CLinux
import Glibc

/// The first process of a box, on its way to its program.
public struct StartedBox: ~Copyable {
    public let pid: Int32
    private let process: Descriptor
    private let report: Descriptor

    init(pid: Int32, process: consuming Descriptor, report: consuming Descriptor) {
        self.pid = pid
        self.process = process
        self.report = report
    }

    /// Readable once the program runs, or will not.
    public var reportNumber: Int32 { report.number }

    /// The process's pidfd, once more.
    public func copyOfProcess() throws(SyscallError) -> Descriptor {
        Descriptor(owning: try check("dup") { fcntl(process.number, F_DUPFD_CLOEXEC, 0) })
    }

    /// Kills the process and reaps it.
    public consuming func end() {
        nb_pidfd_kill(process.number, SIGKILL)
        var end = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        while poll(&end, 1, -1) < 0, errno == EINTR {}
        var status: Int32 = 0
        nb_pidfd_status(process.number, &status)
    }

    /// Waits until the program runs.
    /// - Returns: the process's pidfd. On throw the process is dead and reaped.
    public consuming func waitUntilRunning(milliseconds: Int32) throws(BoxFailure) -> Descriptor {
        let pid = pid
        var started = nb_started(pid: pid, pidfd: process.release(), report: report.release())
        var failure = nb_failure()
        guard nb_wait_started(&started, milliseconds, &failure) == 0 else { throw BoxFailure(failure) }
        return Descriptor(owning: started.pidfd)
    }
}
