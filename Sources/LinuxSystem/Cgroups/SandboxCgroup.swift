import Glibc

/// The cgroup of one sandbox: one directory in each hierarchy of its tree. A value with paths only; it may name
/// directories that are gone, and then reads and kills fail with `ENOENT` while ``remove()`` does not.
public struct SandboxCgroup: Sendable {
    let unified: String?
    let unifiedControllers: Set<CgroupController>
    let legacy: [CgroupTree.LegacyRoot]
    let files: CgroupFiles

    /// There is a cgroup2 directory to start processes in.
    public var hasDirectory: Bool { unified != nil }

    /// The cgroup2 directory, for `CLONE_INTO_CGROUP`. `ENOTSUP` on a host that has only v1.
    public func openDirectory() throws(SyscallError) -> Descriptor {
        guard let unified else { throw SyscallError("open", path: "cgroup2", number: ENOTSUP) }
        return Descriptor(
            owning: try check("open", path: unified) { open(unified, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// The v1 files that a new process of one thread must write "0" to before it does anything else. `tasks`, not
    /// `cgroup.procs`: only for one's own single thread does the kernel spare its host-wide lock, which takes
    /// milliseconds (cgroup_procs_write_start in kernel/cgroup/cgroup.c).
    public var processFiles: [String] { legacy.map { joined($0.directory, "tasks") } }

    /// The files that a process of one thread writes "0" to so as to enter it, opened by who may: the kernel asks for
    /// the opener's rights. Those of v1 as above; that of cgroup2 is quick only after ``CgroupTree/favorMoves()``.
    public var entryFiles: [String] { processFiles + (unified.map { [joined($0, "cgroup.procs")] } ?? []) }

    /// The processes in it, in any hierarchy, in our pid namespace's numbers.
    public func pids() throws(SyscallError) -> [Int32] {
        var found: Set<Int32> = []
        for directory in directories {
            found.formUnion(try numbers(in: joined(directory, "cgroup.procs")))
        }
        return found.sorted()
    }

    /// Removes it everywhere. Gone already is no error. `EBUSY` if a process is still in it after a short wait.
    public func remove() throws(SyscallError) {
        var refusal: SyscallError?
        for directory in directories {
            do { try removePatiently(directory) } catch { refusal = refusal ?? error }
        }
        if let refusal { throw refusal }
    }

    /// The names of the cgroups beside it, itself among them, in one of its hierarchies.
    public func siblings() throws(SyscallError) -> [String] {
        guard let directory = directories.first, let slash = directory.lastIndex(of: "/") else { return [] }
        return try files.subdirectories(String(directory[..<slash]))
    }

    /// Removes what can be removed now, waiting for nothing.
    /// - Returns: whether it is gone everywhere.
    public func removeAtOnce() -> Bool {
        var isGone = true
        for directory in directories {
            do throws(SyscallError) { try files.removeDirectory(directory) } catch where error.number != ENOENT {
                isGone = false
            } catch {}  // it was gone already
        }
        return isGone
    }

    var directories: [String] { (unified.map { [$0] } ?? []) + legacy.map(\.directory) }

    func numbers(in path: String) throws(SyscallError) -> [Int32] {
        try files.read(path).split(separator: "\n").compactMap { Int32($0) }
    }

    /// How often a cgroup whose last process is dying is tried again, a millisecond apart.
    private static let removalTries = 100

    private func removePatiently(_ directory: String) throws(SyscallError) {
        for attempt in 1... {
            do {
                return try files.removeDirectory(directory)
            } catch where error.number == ENOENT {
                return
            } catch where error.number == EBUSY && attempt < Self.removalTries {
                files.pause()
            }
        }
    }
}
