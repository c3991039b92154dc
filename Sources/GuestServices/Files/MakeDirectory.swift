import Glibc
import GuestProtocol

extension FileWorker {
    /// - Throws: `alreadyExists` for a directory, `invalidArgument` for anything else that is there.
    func makeDirectory(_ request: FilePath) throws(GuestFailure) {
        let (account, path) = try lookup.resolve(request)
        if let status = path.status(followingLink: true) {
            if status.isDirectory {
                throw GuestFailure(.alreadyExists, "directory already exists: \(path.text)", errorNumber: EEXIST)
            }
            throw GuestFailure(
                .invalidArgument, "path already exists but it is not a directory: \(path.text)", errorNumber: EEXIST)
        }
        try lookup.ensureDirectory(path, owner: account)
        channel.send(.entry(try lookup.entry(path)))
    }
}

extension FileLookup {
    /// Makes `path` and what is missing above it; what is made belongs to `owner`.
    /// - Throws: `invalidArgument` if something on the way is no directory.
    func ensureDirectory(_ path: SystemPath, owner: Account) throws(GuestFailure) {
        var missing: [SystemPath] = []
        var next = path
        var status = next.status(followingLink: true)
        while status == nil {
            guard errno == ENOENT, next != next.parent else { throw GuestFailure(errorNumber: errno, next.text) }
            missing.append(next)
            next = next.parent
            status = next.status(followingLink: true)
        }
        guard status?.isDirectory == true else {
            throw GuestFailure(.invalidArgument, "path is not a directory: \(next.text)", errorNumber: ENOTDIR)
        }
        for directory in missing.reversed() {
            if directory.withCString({ mkdir($0, 0o755) }) != 0 {
                if errno == EEXIST { continue }
                throw GuestFailure(errorNumber: errno, directory.text)
            }
            try give(directory, to: owner)
        }
    }

    /// Makes `owner` the owner of what is at `path`, not of what a link there leads to.
    func give(_ path: SystemPath, to owner: Account) throws(GuestFailure) {
        guard path.withCString({ lchown($0, owner.userID, owner.groupID) }) != 0 else { return }
        throw GuestFailure(errorNumber: errno, path.text)
    }
}
