import CLinux
import Glibc
import GuestProtocol

extension Guest {
    /// Does a file operation at once if it is small enough for that.
    func serveFile(_ request: GuestRequest, _ connection: Connection) throws(GuestFailure) {
        let lookup = FileLookup(configuration: configuration, accounts: accounts.load())
        if let replies = try PromptFiles(lookup: lookup).replies(to: request, connection) {
            connection.finish(replies)
        } else {
            try startWorker(request, lookup, connection)
        }
    }

    /// Gives a file operation and its connection to a forked worker: plain blocking code that may wait for a disk, or
    /// for its client, as long as it likes. It ends with its connection.
    func startWorker(
        _ request: GuestRequest, _ lookup: FileLookup, _ connection: Connection
    ) throws(GuestFailure) {
        let parent = getpid()
        let worker = guest_fork()
        if worker < 0 { throw GuestFailure(errorNumber: errno, "cannot fork") }
        if worker > 0 {
            workerStarted(worker)
            return connection.handOver { descriptor, _ in Glibc.close(descriptor) }
        }
        connection.handOver { descriptor, rest in
            guard guest_become_worker(descriptor, parent) >= 0 else { _exit(1) }
            FileWorker(channel: WorkerChannel(rest: rest), lookup: lookup).run(request)
        }
    }
}

/// One file operation in a process of its own. Works with the rights of the sandbox's root and gives what it makes to
/// the user of the request.
struct FileWorker {
    let channel: WorkerChannel
    let lookup: FileLookup

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
            .resizeTerminal, .listProcesses, .dial, .dialSocket, .signalGroup, .ping:
            preconditionFailure("the event loop serves all that is no file operation")
        }
    }
}
