import CLinux
import Glibc
import GuestProtocol

extension Guest {
    /// Gives a file operation and its connection to a forked worker: plain blocking code that may wait for a disk, or
    /// for its client, as long as it likes. It ends with its connection.
    func startWorker(_ request: GuestRequest, _ connection: Connection) throws(GuestFailure) {
        let parent = getpid()
        let worker = guest_fork()
        if worker < 0 { throw GuestFailure(errorNumber: errno, "cannot fork") }
        if worker > 0 {
            workerStarted(worker)
            return connection.handOver { descriptor, _ in Glibc.close(descriptor) }
        }
        connection.handOver { descriptor, rest in
            guard guest_become_worker(descriptor, parent) >= 0 else { _exit(1) }
            FileWorker(WorkerChannel(rest: rest), configuration).run(request)
        }
    }
}

/// One file operation in a process of its own. Works with the rights of the sandbox's root and gives what it makes to
/// the user of the request.
struct FileWorker {
    let channel: WorkerChannel
    let configuration: Configuration
    let accounts: AccountDatabase

    init(_ channel: WorkerChannel, _ configuration: Configuration) {
        self.channel = channel
        self.configuration = configuration
        accounts = .load()
    }

    func run(_ request: GuestRequest) -> Never {
        do throws(GuestFailure) {
            try serve(request)
        } catch {
            channel.send(.failure(error))
        }
        _exit(0)
    }

    private func serve(_ request: GuestRequest) throws(GuestFailure) {
        switch request {
        case .stat(let path): try stat(path)
        case .listDirectory(let value): try list(value)
        case .makeDirectory(let path): try makeDirectory(path)
        case .move(let value): try move(value)
        case .remove(let path): try remove(path)
        case .readFile(let value): try read(value)
        case .writeFile(let value): try write(value)
        case .composeFiles(let value): try compose(value)
        case .watchDirectory(let value): try watch(value)
        case .diskUsage: try diskUsage()
        case .configure, .startProcess, .attachProcess, .sendInput, .streamInput, .closeInput, .signal,
            .resizeTerminal, .listProcesses, .dial, .ping:
            preconditionFailure("the event loop serves all that is no file operation")
        }
    }

    /// The user of `path`, and where it leads.
    func resolve(_ path: FilePath) throws(GuestFailure) -> (account: Account, path: SystemPath) {
        try GuestFailure.refuseNUL(path.user ?? "", field: "user")
        let account = try accounts.account(named: path.user ?? configuration.defaultUser)
        return (account, try resolve(path.path, for: account))
    }

    func resolve(_ path: String, for account: Account) throws(GuestFailure) -> SystemPath {
        let resolution = PathResolution(
            home: account.home, defaultDirectory: configuration.defaultWorkingDirectory)
        return try resolution.resolve(path)
    }

    func entry(_ path: SystemPath) throws(GuestFailure) -> FileEntry {
        try FileInspection(accounts: accounts).entry(path)
    }
}
