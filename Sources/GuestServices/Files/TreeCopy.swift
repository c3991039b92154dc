import CLinux
import Glibc
import GuestProtocol

/// Copies files with their owners, modes, times, links and the metadata of this protocol. Follows no link.
struct TreeCopy {
    /// Levels of directories: each costs a descriptor.
    static let depthLimit = 128

    func copy(_ source: SystemPath, to destination: SystemPath, depth: Int = 0) throws(GuestFailure) {
        guard depth < Self.depthLimit else {
            throw GuestFailure(.notSupported, "more than \(Self.depthLimit) levels of directories: \(source.text)")
        }
        guard let status = source.status(followingLink: false) else {
            throw GuestFailure(errorNumber: errno, source.text)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: try copyFile(source, destination, status)
        case S_IFLNK: try copyLink(source, destination, status)
        case S_IFDIR: try copyDirectory(source, destination, status, depth: depth)
        default:
            throw GuestFailure(.notSupported, "neither file, directory nor link: \(source.text)")
        }
    }

    private func copyFile(_ source: SystemPath, _ destination: SystemPath, _ status: stat) throws(GuestFailure) {
        let input = source.withCString { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard input >= 0 else { throw GuestFailure(errorNumber: errno, source.text) }
        defer { close(input) }
        let output = destination.withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard output >= 0 else { throw GuestFailure(errorNumber: errno, destination.text) }
        defer { close(output) }
        try FileContents.append(input, to: output, path: destination)
        try FileMetadata.replace(output, path: destination, with: FileMetadata.read(source))
        try dress(output, status, destination)
    }

    private func copyLink(_ source: SystemPath, _ destination: SystemPath, _ status: stat) throws(GuestFailure) {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = source.withCString { readlink($0, &target, Int(PATH_MAX)) }
        guard count >= 0, destination.withCString({ symlink(target, $0) }) == 0,
            destination.withCString({ lchown($0, status.st_uid, status.st_gid) }) == 0
        else { throw GuestFailure(errorNumber: errno, destination.text) }
    }

    private func copyDirectory(
        _ source: SystemPath, _ destination: SystemPath, _ status: stat, depth: Int
    ) throws(GuestFailure) {
        let input = DirectoryNames.open(at: AT_FDCWD, source)
        guard input >= 0 else { throw GuestFailure(errorNumber: errno, source.text) }
        let names = try DirectoryNames.read(input, path: source)
        guard destination.withCString({ mkdir($0, 0o700) }) == 0 else {
            throw GuestFailure(errorNumber: errno, destination.text)
        }
        for name in names {
            try copy(source.appending(name.path), to: destination.appending(name.path), depth: depth + 1)
        }
        let output = DirectoryNames.open(at: AT_FDCWD, destination)
        guard output >= 0 else { throw GuestFailure(errorNumber: errno, destination.text) }
        defer { close(output) }
        try dress(output, status, destination)
    }

    /// Owner before mode: a change of owner takes set-user-id bits away.
    private func dress(_ descriptor: Int32, _ status: stat, _ path: SystemPath) throws(GuestFailure) {
        let times = [status.st_atim, status.st_mtim]
        guard fchown(descriptor, status.st_uid, status.st_gid) == 0, fchmod(descriptor, status.st_mode & 0o7777) == 0,
            futimens(descriptor, times) == 0
        else { throw GuestFailure(errorNumber: errno, path.text) }
    }
}
