import CLinux
import Glibc
import GuestProtocol

/// A command from its fork until its exit has been told: its pipes or terminal, who watches it, and when its time is
/// up. The process table owns it while it runs; connections that have still to read its last output keep it after that.
final class RunningProcess: EventSource {
    enum State {
        case starting
        case running
        /// It has ended; what it wrote before is still being read.
        case draining(ProcessExit)
        case ended(ProcessExit)
    }

    let request: StartProcess
    let processLimit: UInt64
    /// When its time is up, in monotonic milliseconds.
    private(set) var deadline: UInt64?
    private(set) var state = State.starting
    private(set) var pid: UInt32 = 0
    var log = OutputLog()
    var outputs: [OutputPipe]
    var observers: [Connection] = []
    var input: ProcessInputEnd?
    /// Bytes that were dropped since the last client went away.
    var unattendedBytes: UInt64 = 0
    let loop: EventLoop
    private unowned let table: ProcessTable
    private let directory: String
    private var supervisor: pid_t?
    private var report: Int32
    private var wasKilledByDeadline = false

    init(_ launch: Launch, table: ProcessTable) {
        request = launch.request
        processLimit = launch.processLimit
        directory = launch.directory
        deadline = launch.deadline
        supervisor = launch.supervisor
        report = launch.report
        outputs = launch.outputs
        input = launch.input
        self.table = table
        loop = table.loop
        loop.watch(report, for: .read, self)
        refreshInterest()
    }

    var tag: String? { request.tag }

    /// Its time is up: ends the whole tree. The supervisor goes on until it is gone.
    func expire() {
        wasKilledByDeadline = true
        deadline = nil
        // A supervisor that is gone has reported already, or is about to be seen gone.
        _ = signal(SIGKILL)
    }

    /// SIGKILL goes to the whole tree, any other signal to the command.
    /// - Returns: false if it has ended.
    func signal(_ number: Int32) -> Bool {
        guard let supervisor, case .running = state else {
            // Between fork and `started` there is nothing but the supervisor to end.
            if case .starting = state, let supervisor, number == SIGKILL { return kill(supervisor, SIGTERM) == 0 }
            return false
        }
        if number == SIGKILL { return kill(supervisor, SIGTERM) == 0 }
        return guest_signal_command(supervisor, number) == 0
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        if descriptor == report { return readReports() }
        if readiness.isReadable || readiness.isHungUp { readOutput(number: descriptor) }
        if readiness.isWritable || readiness.isHungUp, input?.number == descriptor { writeInput() }
    }

    /// The kernel says that the supervisor is gone; what it reported is in the pipe.
    func supervisorEnded() {
        supervisor = nil
        readReports()
    }

    private func readReports() {
        while report >= 0 {
            var message = guest_report()
            let count = read(report, &message, MemoryLayout<guest_report>.size)
            if count == MemoryLayout<guest_report>.size { take(message) }
            else if count < 0, errno == EAGAIN { return }
            else if count >= 0 || errno != EINTR { return reportsEnded() }
        }
    }

    private func take(_ message: guest_report) {
        switch (message.kind, state) {
        case (Int32(GUEST_REPORT_STARTED.rawValue), .starting):
            pid = UInt32(message.value)
            state = .running
            table.started(self)
            for observer in observers { observer.send(.started(pid)) }
            deliver()
        case (Int32(GUEST_REPORT_FAILED.rawValue), .starting):
            let failure = LaunchFailure(step: message.value, errorNumber: message.detail)
            fail(failure.failure(of: request, directory: directory))
        case (Int32(GUEST_REPORT_EXITED.rawValue), .running):
            if message.detail == GUEST_LEFT_UNKILLABLE.rawValue {
                GuestLog.write("part of the tree of process \(pid) could not be killed in time")
            }
            if message.detail != GUEST_LEFT_NOTHING.rawValue { table.leftSomething(self) }
            drain(ProcessExit(waitStatus: message.value, timedOut: wasKilledByDeadline))
        default: break
        }
    }

    /// Without a last word the supervisor was killed: by the sandbox's root, or for want of memory. The kernel made its
    /// command an orphan of PID 1, so the tree can no longer be told from other orphans.
    private func reportsEnded() {
        closeReport()
        switch state {
        case .starting: fail(GuestFailure(.resourceExhausted, "the process was killed before it could start"))
        case .running:
            table.leftSomething(self)
            drain(ProcessExit(code: 0, signal: UInt8(SIGKILL), timedOut: wasKilledByDeadline))
        case .draining, .ended: break
        }
    }

    private func fail(_ failure: GuestFailure) {
        state = .ended(ProcessExit(code: 0, signal: UInt8(SIGKILL)))
        closeReport()
        closeInput(because: failure)
        for output in outputs { loop.unwatch(output.number); close(output.number) }
        outputs = []
        table.ended(self, exit: nil)
        for observer in observers { observer.finish(.failure(failure)) }
        observers = []
    }

    /// What is in the pipes at this moment is the process's; what comes later is its orphans'.
    private func drain(_ exit: ProcessExit) {
        state = .draining(exit)
        closeReport()
        closeInput(because: GuestFailure(.notFound, "process with pid \(pid) has ended"))
        for index in outputs.indices { outputs[index].limitToWaitingBytes() }
        for output in outputs { readOutput(number: output.number) }
        refreshInterest()
        endIfDrained()
    }

    /// Tells the exit once all output was read.
    func endIfDrained() {
        guard case .draining(let exit) = state, outputs.allSatisfy(\.isDrained) else { return }
        state = .ended(exit)
        table.ended(self, exit: exit)
        deliver()
    }

    private func closeReport() {
        guard report >= 0 else { return }
        loop.unwatch(report)
        close(report)
        report = -1
    }
}

extension ProcessExit {
    /// From a status as wait(2) has it.
    init(waitStatus: Int32, timedOut: Bool) {
        let signal = waitStatus & 0x7f
        self.init(code: signal == 0 ? (waitStatus >> 8) & 0xff : 0, signal: UInt8(signal), timedOut: timedOut)
    }
}
