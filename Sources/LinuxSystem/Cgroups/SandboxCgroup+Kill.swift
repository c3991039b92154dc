import Glibc

extension SandboxCgroup {
    /// Sends SIGKILL to every process in it, also to frozen ones and to those that are being forked meanwhile. On
    /// return all are dying, none may yet be gone.
    public func kill() throws(SyscallError) {
        if let unified {
            do {
                return try files.write("1", joined(unified, "cgroup.kill"))
            } catch where error.number == ENOENT || error.number == EACCES {
                // Before Linux 5.14 there is no such file; and a directory that is gone says so below.
            }
        }
        try killOneByOne()
    }

    /// A fork bomb is caught by stopping it first: a frozen process forks no more.
    private func killOneByOne() throws(SyscallError) {
        for _ in 0..<Self.killRounds {
            try setFrozen(true)
            let found = try pids()
            for pid in found { files.kill(pid) }
            try setFrozen(false)  // v1 delivers a SIGKILL only to what is thawed
            if found.isEmpty { return }
            files.pause()
        }
    }

    /// Each round kills all that the round before it missed; more than a few means that nothing dies.
    private static let killRounds = 100

    private func setFrozen(_ isFrozen: Bool) throws(SyscallError) {
        if let unified {
            try files.write(isFrozen ? "1" : "0", joined(unified, "cgroup.freeze"))
        } else if let directory = legacyDirectory(.freezer) {
            try files.write(isFrozen ? "FROZEN" : "THAWED", joined(directory, "freezer.state"))
        }
    }
}
