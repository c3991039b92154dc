import Glibc
import GuestProtocol

extension FileWorker {
    /// Between file systems it is a copy, whose source is then removed.
    func move(_ request: MoveFile) throws(GuestFailure) {
        let (account, source) = try lookup.resolve(request.source)
        let destination = try lookup.resolve(request.destination, for: account)
        guard source.status(followingLink: false) != nil else { throw GuestFailure(errorNumber: errno, source.text) }
        try lookup.ensureDirectory(destination.parent, owner: account)
        let result = source.withCString { from in destination.withCString { rename(from, $0) } }
        if result != 0 {
            guard errno == EXDEV else { throw GuestFailure(errorNumber: errno, destination.text) }
            try moveAcross(source, destination)
        }
        channel.send(.entry(try lookup.entry(destination)))
    }

    /// The copy appears under its name only when it is whole.
    private func moveAcross(_ source: SystemPath, _ destination: SystemPath) throws(GuestFailure) {
        let draft = destination.parent.appending(SystemPath(".nestbox-move-\(getpid())"))
        do throws(GuestFailure) {
            try TreeCopy().copy(source, to: draft)
            if draft.withCString({ from in destination.withCString { rename(from, $0) } }) != 0 {
                throw GuestFailure(errorNumber: errno, destination.text)
            }
        } catch {
            // The failure that is told is the first one, not that of cleaning up behind it.
            try? TreeRemoval.remove(draft)
            throw error
        }
        try TreeRemoval.remove(source)
    }
}
