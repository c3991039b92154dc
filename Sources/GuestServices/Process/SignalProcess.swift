import Glibc
import GuestProtocol

extension Guest {
    private static let signals: ClosedRange<UInt8> = 1...64

    func signal(_ selector: ProcessSelector, _ number: UInt8, _ connection: Connection) throws(GuestFailure) {
        guard Self.signals.contains(number) else {
            throw GuestFailure(.invalidArgument, "signal \(number) is not in \(Self.signals)")
        }
        let process = try processes.findRunning(selector)
        guard process.signal(Int32(number)) else {
            throw GuestFailure(.notFound, "process with pid \(process.pid) has ended")
        }
        connection.finish(.ok)
    }

    /// For process groups that no command of ours began, such as a kernel that landed here.
    func signalGroup(_ pid: UInt32, _ number: UInt8, _ connection: Connection) throws(GuestFailure) {
        guard Self.signals.contains(number) else {
            throw GuestFailure(.invalidArgument, "signal \(number) is not in \(Self.signals)")
        }
        // -1 would be everybody.
        guard let leader = pid_t(exactly: pid), leader > 1 else {
            throw GuestFailure(.invalidArgument, "process group \(pid) is not in 2...\(pid_t.max)")
        }
        if kill(-leader, Int32(number)) < 0, errno != ESRCH {
            throw GuestFailure(errorNumber: errno, "process group \(pid)")
        }
        connection.finish(.ok)
    }
}
