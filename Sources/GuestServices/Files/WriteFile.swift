import Glibc
import GuestProtocol

extension FileWorker {
    /// What is there already keeps its owner and mode.
    func write(_ request: WriteFile) throws(GuestFailure) {
        try FileMetadata.refuseBad(request.metadata)
        let (account, path) = try lookup.resolve(request.path)
        try ensureDirectory(path.parent, owner: account)
        let file = try openForWriting(path, owner: account)
        guard ftruncate(file, 0) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        try FileMetadata.replace(file, path: path, with: request.metadata)
        try channel.receiveContents { (piece) throws(GuestFailure) in
            try FileContents.write(piece, to: file, path: path)
        }
        // Some file systems find out that they are full only now.
        guard close(file) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        channel.send(.entry(try lookup.entry(path)))
    }

    /// Opens without truncating, so that nothing but a regular file is touched. Exclusively first: only so is it known
    /// who made the file and may give it away.
    func openForWriting(_ path: SystemPath, owner: Account) throws(GuestFailure) -> Int32 {
        let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        var file = path.withCString { open($0, flags | O_CREAT | O_EXCL, 0o666) }
        if file >= 0 {
            if fchown(file, owner.userID, owner.groupID) == 0 { return file }
            throw GuestFailure(errorNumber: errno, path.text)
        }
        guard errno == EEXIST else { throw GuestFailure(errorNumber: errno, path.text) }
        // A link that leads nowhere yet: the file is made at its target.
        let isMissing = path.status(followingLink: true) == nil && errno == ENOENT
        file = path.withCString { open($0, flags | O_CREAT, 0o666) }
        if file < 0, errno == EISDIR {
            throw GuestFailure(.invalidArgument, "path is a directory: \(path.text)", errorNumber: EISDIR)
        }
        guard file >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        _ = try FileContents.requireRegular(file, path: path)
        if isMissing, fchown(file, owner.userID, owner.groupID) != 0 {
            throw GuestFailure(errorNumber: errno, path.text)
        }
        return file
    }
}
