import GuestClient
import GuestProtocol
import KernelProtocol
import SandboxModel
import Synchronization

extension KernelHost {
    /// Starts a kernel for the context, with nothing warm about it. Returns when it has said who it is.
    /// - Throws: `refused` if the sandbox does not start the command so, a working directory that is not there above
    ///   all; `kernelFailed` with the kernel's last words; `sandboxIsGone`. Nothing of it is left then.
    func start(_ context: CodeContext, _ command: ProgramCommand) async throws(InterpreterError) -> Kernel {
        let pid = StartedPID()
        do {
            return try await withThrowingTaskGroup(of: Kernel.self) { group in
                group.addTask {
                    let (exit, words) = try await self.run(Self.process(context, command)) { pid.set($0) }
                    throw InterpreterError.kernelFailed(Self.sentence(context, exit, words))
                }
                group.addTask {
                    let started = try await pid.wait()
                    let hello = try await self.inspect(context.id, wait: self.limits.startPatience)
                    return Kernel(origin: .started(started), pid: hello.pid, hasGreeted: true)
                }
                defer { group.cancelAll() }
                guard let kernel = try await group.next() else { throw CancellationError() }
                return kernel
            }
        } catch {
            await abandon(pid.value)
            throw Self.reason(error, context)
        }
    }

    private static func process(_ context: CodeContext, _ command: ProgramCommand) -> StartProcess {
        StartProcess(
            command: command.path,
            arguments: command.words.dropFirst() + [
                "--socket", KernelPlace.socket(of: context.id.text), "--context", context.id.text,
                "--language", context.language,
            ],
            workingDirectory: context.workingDirectory, user: user, tag: KernelPlace.tag)
    }

    /// A kernel that did not become one is not left behind.
    private func abandon(_ pid: UInt32?) async {
        guard let pid else { return }
        // A guest that cannot be told is over, and the kernel with it.
        try? await end(command: pid)
    }

    private static func sentence(_ context: CodeContext, _ exit: ProcessExit, _ words: String) -> String {
        let how = exit.signal != 0 ? "signal \(exit.signal)" : "exit code \(exit.code)"
        let said = words.split(separator: "\n").joined(separator: " ")
        return "the \(context.language) kernel ended at its start (\(how))\(said.isEmpty ? "" : ": \(said)")"
    }

    private static func reason(_ error: any Error, _ context: CodeContext) -> InterpreterError {
        switch error {
        case let error as InterpreterError: error
        case GuestClientError.unreachable, GuestClientError.hungUp: .sandboxIsGone
        case GuestClientError.failure(let failure) where failure.code == .invalidArgument: .refused(failure.message)
        case GuestClientError.failure(let failure):
            .kernelFailed("the \(context.language) kernel could not be started: \(failure.message)")
        case let error as KernelProtocolError:
            .kernelFailed("the \(context.language) kernel did not say who it is: \(error)")
        case is CancellationError, GuestClientError.cancelled: .unavailable
        default: .kernelFailed("the \(context.language) kernel did not listen in time")
        }
    }
}

/// The pid of a command that is being started, told by the task that starts it.
private final class StartedPID: Sendable {
    private let pid = Atomic<UInt32>(0)
    private let answer = Answer<UInt32>()

    /// nil until it has started.
    var value: UInt32? {
        let pid = pid.load(ordering: .acquiring)
        return pid == 0 ? nil : pid
    }

    func set(_ pid: UInt32) {
        self.pid.store(pid, ordering: .releasing)
        answer.give(.success(pid))
    }

    /// Returns when it has started. To be called by one task.
    func wait() async throws(InterpreterError) -> UInt32 {
        try await answer.wait()
    }
}
