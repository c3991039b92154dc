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
