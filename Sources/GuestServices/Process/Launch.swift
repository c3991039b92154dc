import CLinux
import Glibc
import GuestProtocol
import LinuxSystem
import WireCoding

/// A command whose supervisor was forked: the guest's ends of all that leads to it.
struct Launch {
    let request: StartProcess
    let directory: String
    let deadline: UInt64?
    let processLimit: UInt64
    let supervisor: pid_t
    let report: Int32
    let outputs: [OutputPipe]
    let input: ProcessInputEnd?
}

/// All that can be decided about a command before anything is made for it.
struct LaunchPlan {
    let request: StartProcess
    let account: Account
    let groupIDs: [UInt32]
    let environment: ProcessEnvironment
    let directory: SystemPath

    /// - Throws: `invalidArgument` naming the field, `unknownUser`.
    init(
        _ request: StartProcess, configuration: Configuration, accounts: AccountDatabase
    ) throws(GuestFailure) {
        try Self.refuseBadTexts(request)
        self.request = request
        account = try accounts.account(named: request.user ?? configuration.defaultUser)
        guard geteuid() == 0 || account.userID == geteuid() else {
            throw GuestFailure(.permissionDenied, "cannot become user '\(account.name)'")
        }
        groupIDs = accounts.groupIDs(of: account)
        environment = ProcessEnvironment(
            account: account, sandbox: configuration.environment, request: request.environment,
            reserved: configuration.reservedEnvironment)
        let resolution = PathResolution(
            home: account.home, defaultDirectory: configuration.defaultWorkingDirectory)
        directory = try resolution.resolve(request.workingDirectory ?? "")
    }

    private static func refuseBadTexts(_ request: StartProcess) throws(GuestFailure) {
        if request.command.isEmpty { throw GuestFailure(.invalidArgument, "command is empty") }
        try GuestFailure.refuseNUL(request.command, field: "command")
        for argument in request.arguments { try GuestFailure.refuseNUL(argument, field: "argument") }
        try GuestFailure.refuseBadVariables(request.environment, field: "environment")
        try GuestFailure.refuseNUL(request.workingDirectory ?? "", field: "working directory")
        try GuestFailure.refuseNUL(request.user ?? "", field: "user")
        try GuestFailure.refuseNUL(request.tag ?? "", field: "tag")
    }
}

extension LaunchPlan {
    /// Forks the supervisor. Whether the command could be executed comes over the report pipe.
    /// - Throws: `resourceExhausted` or what else kept the kernel from giving descriptors or a process.
    func launch(_ limits: CommandLimits) throws(GuestFailure) -> Launch {
        do throws(SyscallError) {
            var streams = try ProcessStreams(request, userID: account.userID)
            let supervisor = start(streams, limits)
            let number = errno
            streams.closeTheirs()
            guard supervisor > 0 else {
                streams.closeOurs()
                throw SyscallError("fork", number: number)
            }
            let now = guest_monotonic_milliseconds()
            let (deadline, overflows) = now.addingReportingOverflow(request.timeoutMilliseconds)
            return Launch(
                request: request, directory: directory.text,
                deadline: request.timeoutMilliseconds == 0 || overflows ? nil : deadline,
                processLimit: limits.processes, supervisor: supervisor, report: streams.report,
                outputs: streams.outputs, input: streams.input)
        } catch {
            throw GuestFailure(error)
        }
    }

    private func start(_ streams: ProcessStreams, _ limits: CommandLimits) -> pid_t {
        withCStrings(environment.candidates(for: request.command)) { candidates in
            withCStrings([request.command] + request.arguments) { arguments in
                withCStrings(environment.assignments) { variables in
                    groupIDs.withUnsafeBufferPointer { groups in
                        directory.withCString { path in
                            var command = guest_command(
                                candidates: candidates, arguments: arguments, environment: variables, directory: path,
                                changes_user: geteuid() == 0 ? 1 : 0, user: account.userID, group: account.groupID,
                                groups: groups.baseAddress, group_count: groups.count, input: streams.theirInput,
                                output: streams.theirOutput, error: streams.theirError,
                                has_terminal: request.terminal == nil ? 0 : 1, open_files: limits.openFiles,
                                processes: rlim_t(limits.processes),
                                report: streams.theirReport)
                            return guest_start_command(&command)
                        }
                    }
                }
            }
        }
    }
}
