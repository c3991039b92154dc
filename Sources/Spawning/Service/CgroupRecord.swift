import Glibc
import LinuxSystem

/// Where the cgroup tree was made, kept on disk: a spawner that is started again from another cgroup, as another
/// login's is, would look for its sandboxes in the wrong place. One directory on each line, in a file of root's alone.
struct CgroupRecord {
    /// The spawner's own directory, which only root can write to.
    let directory: Int32

    private static let name = "cgroups"
    private static let newName = "cgroups.new"
    private static let byteLimit = 64 << 10

    /// Nothing if there is no record yet. `EPERM` for one that somebody else may have written.
    func read() throws(SyscallError) -> [String] {
        let file: Descriptor
        do {
            file = Descriptor(
                owning: try check("open", path: Self.name) {
                    openat(directory, Self.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                })
        } catch where error.number == ENOENT {
            return []
        }
        let number = file.number
        var status = stat()
        try check("fstat", path: Self.name) { fstat(number, &status) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw SyscallError("open", path: Self.name, number: EPERM)
        }
        var bytes = [UInt8](repeating: 0, count: Self.byteLimit)
        let count = try check("read", path: Self.name) { Glibc.read(number, &bytes, bytes.count) }
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// In place of what was recorded; after a crash either is there.
    func write(_ directories: [String]) throws(SyscallError) {
        if unlinkat(directory, Self.newName, 0) != 0, errno != ENOENT {
            throw SyscallError("unlink", path: Self.newName)
        }
        let file = Descriptor(
            owning: try check("open", path: Self.newName) {
                openat(directory, Self.newName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            })
        let number = file.number
        let bytes = Array(directories.map { $0 + "\n" }.joined().utf8)
        let count = try check("write", path: Self.newName) { Glibc.write(number, bytes, bytes.count) }
        guard count == bytes.count else { throw SyscallError("write", path: Self.newName, number: ENOSPC) }
        try check("rename", path: Self.name) { renameat(directory, Self.newName, directory, Self.name) }
    }
}
