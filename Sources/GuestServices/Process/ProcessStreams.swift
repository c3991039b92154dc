import CLinux
import Glibc
import GuestProtocol
import LinuxSystem

/// The descriptors of a command to be: its three, and the guest's ends of them. Whoever makes one closes both halves.
struct ProcessStreams {
    private(set) var theirInput: Int32 = -1
    private(set) var theirOutput: Int32 = -1
    private(set) var theirError: Int32 = -1
    private(set) var theirReport: Int32 = -1
    private(set) var report: Int32 = -1
    private(set) var outputs: [OutputPipe] = []
    private(set) var input: ProcessInputEnd?

    /// On throw nothing is left open.
    init(_ request: StartProcess, userID: UInt32) throws(SyscallError) {
        do {
            (report, theirReport) = try Self.pipe(nonBlockingEnd: 0)
            if let size = request.terminal {
                try openTerminal(size, userID: userID)
            } else {
                try openPipes(request.input)
            }
        } catch {
            closeTheirs()
            closeOurs()
            throw error
        }
    }

    mutating func closeTheirs() {
        for number in Set([theirInput, theirOutput, theirError, theirReport]) where number >= 0 { close(number) }
        (theirInput, theirOutput, theirError, theirReport) = (-1, -1, -1, -1)
    }

    mutating func closeOurs() {
        let numbers = outputs.map(\.number) + [report, input?.number ?? -1]
        for number in Set(numbers) where number >= 0 { close(number) }
        (outputs, input, report) = ([], nil, -1)
    }

    private mutating func openTerminal(_ size: TerminalSize, userID: UInt32) throws(SyscallError) {
        var controller: Int32 = -1
        let owner = geteuid() == 0 ? userID : UInt32.max
        try check("openpty", path: "/dev/ptmx") {
            guest_open_terminal(&controller, &theirInput, size.columns, size.rows, owner)
        }
        theirOutput = theirInput
        theirError = theirInput
        outputs = [OutputPipe(controller, .terminal)]
        input = ProcessInputEnd(number: controller, isTerminal: true)
    }

    private mutating func openPipes(_ kind: StartProcess.Input) throws(SyscallError) {
        switch kind {
        case .none:
            theirInput = try check("open", path: "/dev/null") { open("/dev/null", O_RDONLY | O_CLOEXEC) }
        case .pipe:
            let (reading, writing) = try Self.pipe(nonBlockingEnd: 1)
            theirInput = reading
            input = ProcessInputEnd(number: writing, isTerminal: false)
        }
        theirOutput = try openOutput(.standardOutput)
        theirError = try openOutput(.standardError)
    }

    private mutating func openOutput(_ channel: ProcessOutput.Channel) throws(SyscallError) -> Int32 {
        let (reading, writing) = try Self.pipe(nonBlockingEnd: 0)
        outputs.append(OutputPipe(reading, channel))
        return writing
    }

    /// Only the guest's end is non-blocking: programs do not expect it of their own.
    private static func pipe(nonBlockingEnd: Int) throws(SyscallError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { guest_pipe(&ends) }
        guest_set_blocking(ends[nonBlockingEnd], 0)
        return (ends[0], ends[1])
    }
}
