import CLinux
import Glibc
import LinuxSystem

/// The box of one run, from its clone to its end.
struct RunLaunch: ~Copyable {
    enum End: Hashable {
        case exited(Int32), timedOut
    }

    /// User, mount, pid, network, ipc and uts (linux/sched.h); the cgroup namespace follows once it is in its cgroup.
    private static let namespaces: UInt64 =
        0x1000_0000 | 0x0002_0000 | 0x2000_0000 | 0x4000_0000 | 0x0800_0000 | 0x0400_0000
    private static let openFileLimit: UInt64 = 4096
    private static let startTimeoutMilliseconds: Int32 = 30_000

    private var started: nb_started
    private let control: RunSocket
    private let signals: Descriptor
    /// The outer end of the box's own terminal, or -1. Open as long as we run.
    private let terminal: Int32

    /// Starts the box, which makes its root while the caller goes on, and waits for ``release(into:)``.
    static func start(
        _ options: RunOptions, root: RunRoot, directory: borrowing Descriptor?
    ) throws(RunError) -> RunLaunch {
        let signals = Descriptor(owning: try refusing("signals") { nb_run_signals() })
        let control = try RunSocket()
        var launch = description(options: options, root: root)
        launch.passed.0 = control.inside
        launch.passed_count = 1
        switch directory {
        case .some(let directory): launch.cgroup = directory.number
        case .none: launch.cgroup = -1
        }
        var terminal = nb_run_terminal()
        let hasTerminal = nb_run_terminal_open(&terminal)
        defer { nb_run_terminal_restore(&terminal) }
        _ = try refusing("terminal") { hasTerminal }
        launch.alone.takes_terminal = hasTerminal
        let started = try clone(&launch, root: root, options: options)
        return RunLaunch(started: started, control: control, signals: signals, terminal: terminal.master)
    }

    /// Has the box enter the cgroups of `files`, each a file to write "0" to, and start the command. On throw nothing
    /// of the box runs.
    mutating func release(into files: [String], _ options: RunOptions) throws(RunError) {
        do throws(RunError) {
            for path in files {
                let file = Descriptor(owning: try Self.refusing("open \(path)") { open(path, O_WRONLY | O_CLOEXEC) })
                try send(UInt8(NB_RUN_ENTER), file.number)
            }
            try send(UInt8(NB_RUN_GO), -1)
        } catch {
            abandon()
            throw error
        }
        try Self.awaitProgram(&started, options)
    }

    /// Ends a box that was not released.
    func abandon() {
        close(started.report)
        Self.end(started)
    }

    private func send(_ kind: UInt8, _ file: Int32) throws(RunError) {
        _ = try Self.refusing("reach the box") { Int32(nb_send(control.outside, [kind], 1, file)) }
    }

    /// Waits for the end, and sees to it when the time is up. Nothing of the box runs on return.
    func finish(timeoutMilliseconds: Int64?) throws(RunError) -> End {
        var status: Int32 = 0
        let limit = timeoutMilliseconds ?? -1
        switch nb_run_wait(started.pidfd, signals.number, control.outside, terminal, limit, &status) {
        case NB_RUN_ENDED:
            close(started.pidfd)
            return .exited(status)
        case NB_RUN_TIMED_OUT:
            Self.end(started)
            return .timedOut
        default:
            let reason = String(cString: strerror(errno))
            Self.end(started)
            throw .refused(step: "wait", reason: reason)
        }
    }

    private static func description(options: RunOptions, root: RunRoot) -> nb_launch {
        let user = root.user
        var launch = nb_launch()
        launch.gate = -1
        launch.pid_namespace = -1
        launch.executable = -1
        launch.new_namespaces = namespaces
        launch.hostname = kept(SyntheticFiles.hostname)
        launch.no_new_privileges = 1
        launch.inherits_standard_streams = 1
        launch.directory = kept(options.directory ?? root.directory)
        launch.program = kept(options.command[0])
        launch.alone.id_count = user.idCount
        launch.alone.user = user.firstInside
        launch.alone.group = user.firstInside
        launch.alone.user_outside = user.firstOutside
        launch.alone.group_outside = user.firstOutsideGroup
        launch.alone.program_user = RunUser.inside
        launch.alone.program_group = RunUser.inside
        launch.alone.keeps_groups = user.isPrivileged ? 0 : 1
        launch.alone.owner = user.isPrivileged ? user.firstOutside : 0
        launch.alone.raises_loopback = 1
        launch.alone.stays = 1
        launch.alone.search_path = kept(RunEnvironment.searchPath)
        launch.alone.stage = kept(RunRoot.stage)
        launch.alone.stage_options = kept(RunRoot.stageOptions)
        launch.alone.arguments = CommandLine.unsafeArgv[0]
        launch.alone.argument_bytes = argumentBytes()
        return launch
    }

    /// The arguments lie one behind the other; wiped in the copy that becomes PID 1, they tell it no host path.
    private static func argumentBytes() -> Int {
        guard CommandLine.argc > 0, let first = CommandLine.unsafeArgv[0],
            let last = CommandLine.unsafeArgv[Int(CommandLine.argc) - 1]
        else { return 0 }
        return max(0, last + strlen(last) - first)
    }

    private static func clone(
        _ launch: inout nb_launch, root: RunRoot, options: RunOptions
    ) throws(RunError) -> nb_started {
        let limits = limits(options)
        let filter = SeccompFilter.directRun
        launch.steps = UnsafePointer(keptArray(root.plan.steps))
        launch.step_count = root.plan.steps.count
        launch.limits = UnsafePointer(keptArray(limits))
        launch.limit_count = limits.count
        launch.arguments = UnsafePointer(keptArray(options.command.map(kept) + [nil]))
        launch.environment = UnsafePointer(keptArray(RunEnvironment.words(options, root).map(kept) + [nil]))
        launch.filter = UnsafeRawPointer(keptArray(filter))
        launch.filter_bytes = filter.count * MemoryLayout<UInt64>.size
        var started = nb_started()
        var failure = nb_failure()
        let result = nb_start(&launch, &started, &failure)
        if result != 0 { throw refusal(failure, options) }
        return started
    }

    private static func limits(_ options: RunOptions) -> [nb_limit] {
        [
            nb_limit(resource: Int32(RLIMIT_CORE.rawValue), value: 0),
            nb_limit(resource: Int32(RLIMIT_NOFILE.rawValue), value: openFileLimit),
            // Counted per user and user namespace, threads too (Linux 5.14); as root the user is the run's own anyway.
            nb_limit(resource: processLimit, value: UInt64(options.processes.value)),
        ]
    }

    private static func awaitProgram(_ started: inout nb_started, _ options: RunOptions) throws(RunError) {
        var failure = nb_failure()
        guard nb_wait_started(&started, startTimeoutMilliseconds, &failure) != 0 else { return }
        throw refusal(failure, options)
    }

    /// Kills the first process, and with it the kernel all others, and waits until they are gone.
    private static func end(_ started: nb_started) {
        guard started.pidfd >= 0 else { return }  // reaped already
        var status: Int32 = 0
        nb_pidfd_kill(started.pidfd, SIGKILL)
        while nb_pidfd_status(started.pidfd, &status) == 0 { usleep(endPauseMicroseconds) }
        close(started.pidfd)
    }

    private static let processLimit: Int32 = 6  // RLIMIT_NPROC, asm-generic/resource.h
    private static let endPauseMicroseconds: UInt32 = 500

    private static func refusal(_ failure: nb_failure, _ options: RunOptions) -> RunError {
        let step = withUnsafeBytes(of: failure.step) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let reason = String(cString: strerror(failure.error_number))
        guard step.hasPrefix("execute") else { return .refused(step: step, reason: reason) }
        return failure.error_number == ENOENT
            ? .notFound(options.command[0]) : .notExecutable(options.command[0], reason: reason)
    }

    private static func refusing(_ step: String, _ body: () -> Int32) throws(RunError) -> Int32 {
        let result = body()
        if result < 0 { throw .refused(step: step, reason: String(cString: strerror(errno))) }
        return result
    }
}

/// A connected pair of sockets that no program inherits; both ends are closed with it.
struct RunSocket: ~Copyable {
    let inside: Int32
    let outside: Int32

    init() throws(RunError) {
        var ends: [Int32] = [-1, -1]
        guard nb_socket_pair(&ends) == 0 else {
            throw .refused(step: "socket", reason: String(cString: strerror(errno)))
        }
        (inside, outside) = (ends[0], ends[1])
    }

    deinit {
        close(inside)
        close(outside)
    }
}
