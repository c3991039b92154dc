import CLinux
import Glibc
import GuestProtocol
import WireCoding

/// Looks at what is at a path and says it in the words of the protocol.
struct FileInspection {
    let accounts: AccountDatabase

    /// - Throws: `notFound`, or what else lstat(2) gave.
    func entry(_ path: SystemPath) throws(GuestFailure) -> FileEntry {
        guard let status = path.status(followingLink: false) else { throw GuestFailure(errorNumber: errno, path.text) }
        return entry(path, status)
    }

    /// For a symbolic link kind and mode are its target's; of one that leads nowhere they are `other` and 0.
    func entry(_ path: SystemPath, _ status: stat) -> FileEntry {
        let isLink = status.isLink
        let target = isLink ? path.status(followingLink: true) : status
        return FileEntry(
            name: path.name.text, path: path.text, kind: target.map { Self.kind($0) } ?? .other,
            isSymbolicLink: isLink, size: Int64(status.st_size), mode: (target?.st_mode ?? 0) & 0o777,
            ownMode: status.st_mode, owner: accounts.userName(status.st_uid),
            group: accounts.groupName(status.st_gid), modifiedNanoseconds: Self.modified(status),
            symlinkTarget: isLink ? Self.target(of: path) : nil, metadata: FileMetadata.read(path))
    }

    static func modified(_ status: stat) -> Int64 {
        let (seconds, overflows) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? 0 : seconds &+ Int64(status.st_mtim.tv_nsec)
    }

    private static func kind(_ status: stat) -> FileEntry.Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        default: .other
        }
    }

    /// Where a link leads in the end; the link itself if it leads nowhere.
    private static func target(of path: SystemPath) -> String {
        guard let resolved = path.withCString({ realpath($0, nil) }) else { return path.text }
        defer { free(resolved) }
        return SystemPath(cString: resolved).text
    }
}
