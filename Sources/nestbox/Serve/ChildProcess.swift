import Glibc

/// A program to start from a process of one thread: no signal is blocked or ignored in it, and it gets the descriptors
/// that it is given and no others (ours are all close-on-exec).
struct ChildProcess {
    var executable: String
    var arguments: [String]
    /// What the child sees as descriptor `number`.
    var descriptors: [(number: Int32, ours: Int32)] = []

    /// - Returns: its process id. Its process group is its own, so that a terminal's Ctrl-C reaches only its parent.
    func start() throws(ServeError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, ours) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.resetSignals(&attributes)
        var pid: pid_t = 0
        let words = ([executable] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        let error = posix_spawn(&pid, executable, &actions, &attributes, words + [nil], environ)
        guard error == 0 else { throw ServeError("start", executable, errno: error) }
        return pid
    }

    private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    }
}

/// How a process ended, as a shell counts it.
func exitCode(ofStatus status: Int32) -> Int32 {
    status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
}
