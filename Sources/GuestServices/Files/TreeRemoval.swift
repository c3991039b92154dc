import CLinux
import Glibc
import GuestProtocol

/// Removes a file, or a directory with all it holds, however deep. Goes down by descriptors and never through a link,
/// so nobody who swaps a directory for a link meanwhile can lead it elsewhere; it holds two descriptors at a time, and
/// goes up by `..`, checking that this is where it came from.
struct TreeRemoval {
    /// How often a directory that others keep filling is emptied again.
    static let attemptLimit = 16

    private struct Identity: Equatable {
        let device: UInt
        let node: UInt
    }

    /// A directory on the way down: its name in its parent, and what in it is still to be removed.
    private struct Level {
        let name: SystemPath
        let identity: Identity
        var directories: [SystemPath]
        var attempts = 0
    }

    private let path: SystemPath
    private var current: Int32
    private var levels: [Level] = []

    /// Nothing there is not an error.
    /// - Throws: `invalidArgument` for `/` and for names that mean a directory already left, such as `..`.
    static func remove(_ path: SystemPath) throws(GuestFailure) {
        let name = path.name
        guard ![SystemPath("/"), SystemPath("."), SystemPath("..")].contains(name) else {
            throw GuestFailure(.invalidArgument, "cannot remove '\(path.text)'")
        }
        let parent = path.parent.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        if parent < 0, errno == ENOENT || errno == ENOTDIR { return }
        guard parent >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        var removal = TreeRemoval(path, parent)
        defer { close(removal.current) }
        if try removal.unlink(name) { return }
        try removal.descend(name)
        while !removal.levels.isEmpty { try removal.step() }
    }

    private init(_ path: SystemPath, _ parent: Int32) {
        self.path = path
        current = parent
    }

    /// - Returns: false for a directory.
    private func unlink(_ name: SystemPath) throws(GuestFailure) -> Bool {
        if name.withCString({ unlinkat(current, $0, 0) }) == 0 || errno == ENOENT { return true }
        // Linux says EISDIR; POSIX allows EPERM.
        if errno == EISDIR { return false }
        let number = errno
        var status = Glibc.stat()
        if name.withCString({ fstatat(current, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0,
            status.isDirectory
        {
            return false
        }
        throw GuestFailure(errorNumber: number, path.text)
    }

    /// Goes into the directory `name` of the current one and removes all in it but its directories. If it is no longer
    /// there, or no longer a directory, there is nothing to go into.
    private mutating func descend(_ name: SystemPath) throws(GuestFailure) {
        let identity = try identify(current)
        let descriptor = DirectoryNames.open(at: current, name)
        if descriptor < 0 {
            if errno == ENOENT { return }
            if errno == ENOTDIR || errno == ELOOP, try unlink(name) { return }
            throw GuestFailure(errorNumber: errno, path.text)
        }
        close(current)
        current = descriptor
        levels.append(Level(name: name, identity: identity, directories: try empty()))
    }

    /// Removes the next directory of the innermost level, or that level itself once it is empty.
    private mutating func step() throws(GuestFailure) {
        let innermost = levels.count - 1
        if let next = levels[innermost].directories.popLast() { return try descend(next) }
        let level = levels[innermost]
        try ascend(to: level.identity)
        if level.name.withCString({ unlinkat(current, $0, AT_REMOVEDIR) }) == 0 || errno == ENOENT {
            levels.removeLast()
            return
        }
        let isRefilled = errno == ENOTEMPTY || errno == EEXIST
        guard isRefilled, level.attempts < Self.attemptLimit else { throw GuestFailure(errorNumber: errno, path.text) }
        levels.removeLast()
        try descend(level.name)
        if levels.count > innermost { levels[innermost].attempts = level.attempts + 1 }
    }

    private mutating func ascend(to identity: Identity) throws(GuestFailure) {
        let parent = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        close(current)
        current = parent
        guard try identify(parent) == identity else {
            throw GuestFailure(.other, "\(path.text) was moved while it was removed")
        }
    }

    /// - Returns: the directories that are left.
    private func empty() throws(GuestFailure) -> [SystemPath] {
        let copy = openat(current, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        var directories: [SystemPath] = []
        for name in try DirectoryNames.read(copy, path: path) {
            if Int(name.type) == Int(DT_DIR) {
                directories.append(name.path)
            } else if try !unlink(name.path) {
                directories.append(name.path)
            }
        }
        return directories
    }

    private func identify(_ descriptor: Int32) throws(GuestFailure) -> Identity {
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        return Identity(device: UInt(status.st_dev), node: UInt(status.st_ino))
    }
}
