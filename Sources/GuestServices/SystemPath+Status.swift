import Glibc

extension SystemPath {
    /// What is at the path, or behind the link there; nil with errno if nothing can be seen.
    func status(followingLink: Bool) -> stat? {
        var status = stat()
        let result = withCString { fstatat(AT_FDCWD, $0, &status, followingLink ? 0 : AT_SYMLINK_NOFOLLOW) }
        return result == 0 ? status : nil
    }
}

extension stat {
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}
