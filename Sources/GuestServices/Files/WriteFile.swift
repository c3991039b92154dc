import Glibc
import GuestProtocol

extension FileWorker {
    /// What is there already keeps its owner and mode.
    func write(_ request: WriteFile) throws(GuestFailure) {
        let (file, path) = try lookup.openForWriting(request)
        try FileContents.begin(file, path: path, request.metadata)
        try channel.receiveContents { (piece) throws(GuestFailure) in
            try FileContents.write(piece, to: file, path: path)
        }
        // Some file systems find out that they are full only now.
        guard close(file) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        channel.send(.entry(try lookup.entry(path)))
    }
}

extension FileLookup {
    /// The file that is to be written, with the directories above it. Nothing is open after a throw.
    func openForWriting(_ request: WriteFile) throws(GuestFailure) -> (file: Int32, path: SystemPath) {
        try FileMetadata.refuseBad(request.metadata)
        let (account, path) = try resolve(request.path)
        try ensureDirectory(path.parent, owner: account)
        return (try openForWriting(path, owner: account), path)
    }

    /// Opens without truncating, so that nothing but a regular file is touched. Exclusively first: only so is it known
    /// who made the file and may give it away.
    private func openForWriting(_ path: SystemPath, owner: Account) throws(GuestFailure) -> Int32 {
        let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        var file = path.withCString { open($0, flags | O_CREAT | O_EXCL, 0o666) }
        if file >= 0 { return try given(file, to: owner, path) }
        guard errno == EEXIST else { throw GuestFailure(errorNumber: errno, path.text) }
        // A link that leads nowhere yet: the file is made at its target.
        let isMissing = path.status(followingLink: true) == nil && errno == ENOENT
        file = path.withCString { open($0, flags | O_CREAT, 0o666) }
        if file < 0, errno == EISDIR {
            throw GuestFailure(.invalidArgument, "path is a directory: \(path.text)", errorNumber: EISDIR)
        }
        guard file >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        do throws(GuestFailure) {
            _ = try FileContents.requireRegular(file, path: path)
        } catch {
            close(file)
            throw error
        }
        return isMissing ? try given(file, to: owner, path) : file
    }

    private func given(_ file: Int32, to owner: Account, _ path: SystemPath) throws(GuestFailure) -> Int32 {
        if fchown(file, owner.userID, owner.groupID) == 0 { return file }
        let number = errno
        close(file)
        throw GuestFailure(errorNumber: number, path.text)
    }
}
