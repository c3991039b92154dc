import Glibc
import LinuxSystem

/// A child process of a test. `Foundation.Process` learns of an end by a descriptor that a spawner closes.
final class ChildProcess {
    let pid: Int32
    private var status: Int32?

    /// Its standard error goes to the end of the file `log`.
    init(_ arguments: [String], log: String = "/dev/null") throws(SyscallError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let refusal = posix_spawn(&child, arguments[0], &actions, nil, &pointers, environ)
        guard refusal == 0 else { throw SyscallError("posix_spawn", path: arguments[0], number: refusal) }
        pid = child
    }

    /// The wait(2) status; nil while it runs.
    func poll() -> Int32? { wait(WNOHANG) }

    func waitUntilExit() -> Int32 { wait(0) ?? -1 }

    private func wait(_ options: Int32) -> Int32? {
        if let status { return status }
        var now: Int32 = 0
        if waitpid(pid, &now, options) == pid { status = now }
        return status
    }
}
