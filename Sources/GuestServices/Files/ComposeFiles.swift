import Glibc
import GuestProtocol

extension FileWorker {
    /// The whole appears at once under its name, so a destination may be one of its sources. If joining fails, no
    /// source is gone.
    func compose(_ request: ComposeFiles) throws(GuestFailure) {
        let (account, destination) = try lookup.resolve(request.destination)
        var sources: [SystemPath] = []
        for source in request.sources { sources.append(try lookup.resolve(source, for: account)) }
        try refuseDirectory(destination)
        try lookup.ensureDirectory(destination.parent, owner: account)
        let draft = destination.parent.appending(SystemPath(".nestbox-compose-\(getpid())"))
        do throws(GuestFailure) {
            try join(sources, into: draft, owner: account)
            if draft.withCString({ from in destination.withCString { rename(from, $0) } }) != 0 {
                throw GuestFailure(errorNumber: errno, destination.text)
            }
        } catch {
            _ = draft.withCString { unlink($0) }
            throw error
        }
        for source in sources where source != destination {
            if source.withCString({ unlink($0) }) != 0, errno != ENOENT {
                throw GuestFailure(errorNumber: errno, source.text)
            }
        }
        channel.send(.entry(try lookup.entry(destination)))
    }

    private func join(_ sources: [SystemPath], into draft: SystemPath, owner: Account) throws(GuestFailure) {
        let output = draft.withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        guard output >= 0, fchown(output, owner.userID, owner.groupID) == 0 else {
            throw GuestFailure(errorNumber: errno, draft.text)
        }
        for source in sources {
            let input = source.withCString { open($0, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
            guard input >= 0 else { throw GuestFailure(errorNumber: errno, source.text) }
            _ = try FileContents.requireRegular(input, path: source)
            try FileContents.append(input, to: output, path: source)
            close(input)
        }
        guard close(output) == 0 else { throw GuestFailure(errorNumber: errno, draft.text) }
    }

    private func refuseDirectory(_ path: SystemPath) throws(GuestFailure) {
        if path.status(followingLink: true)?.isDirectory == true {
            throw GuestFailure(.invalidArgument, "path is a directory: \(path.text)", errorNumber: EISDIR)
        }
    }
}
