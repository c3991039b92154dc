import Glibc

/// The accounts as their files are now, parsed again only when one of them was changed.
struct AccountCache {
    private struct Fingerprint: Equatable {
        let device: dev_t
        let inode: ino_t
        let size: off_t
        let modified: [Int]

        /// nil if there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode, size) = (status.st_dev, status.st_ino, status.st_size)
            // The change of the status too: the first can be set at will.
            modified = [status.st_mtim, status.st_ctim].flatMap { [$0.tv_sec, $0.tv_nsec] }
        }
    }

    private var fingerprints: [Fingerprint?] = []
    private var known: AccountDatabase?

    mutating func load() -> AccountDatabase {
        // Before the files are read: one that is changed meanwhile is read again next time.
        let now = AccountDatabase.paths.map(Fingerprint.init)
        if let known, now == fingerprints { return known }
        let fresh = AccountDatabase.load()
        (known, fingerprints) = (fresh, now)
        return fresh
    }
}
