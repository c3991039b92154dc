import Foundation
import Glibc

/// One process in a sandbox and whoever is at this end of it: output goes to our streams, input comes from ours.
struct Conversation: Sendable {
    enum Input: Sendable {
        case none, pipe, terminal
    }

    let sandbox: RemoteSandbox
    let input: Input

    /// Returns once the process has ended and all of its output was written.
    func run(_ message: StartMessage, user: String?) async throws -> ProcessEvent.End {
        let (pids, started) = AsyncStream<UInt32>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // The first and only one.
                for await pid in pids { return try await serve(SelectorMessage(pid: pid)) }
            }
            let end = try await sandbox.start(message, user: user) { event in
                if let start = event.start { started.yield(start.pid) }
                if let data = event.data { try show(data) }
            }
            group.cancelAll()
            return end
        }
    }

    private func serve(_ process: SelectorMessage) async throws {
        switch input {
        case .none: return
        case .pipe:
            try await feed(process) { .init(stdin: $0, pty: nil) }
            try await sandbox.tell("CloseStdin", CloseInputMessage(process: process))
        case .terminal:
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await followSize(process) }
                try await feed(process) { .init(stdin: nil, pty: $0) }
                group.cancelAll()
            }
        }
    }

    private func show(_ output: ProcessEvent.Output) throws {
        if let bytes = output.stdout ?? output.pty { try writeAll(bytes, to: STDOUT_FILENO) }
        if let bytes = output.stderr { try writeAll(bytes, to: STDERR_FILENO) }
    }

    private func feed(_ process: SelectorMessage, _ piece: (Data) -> InputMessage.Input) async throws {
        while let bytes = try await StandardInput().next() {
            try await sandbox.tell("SendInput", InputMessage(process: process, input: piece(Data(bytes))))
        }
    }

    private func followSize(_ process: SelectorMessage) async throws {
        try await RawTerminal.withSizeChanges { changes in
            for await _ in changes {
                try await sandbox.tell("Update", UpdateMessage(process: process, pty: RawTerminal.size))
            }
        }
    }
}
