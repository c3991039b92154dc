import Glibc
import GuestProtocol

extension FileWorker {
    /// The entry is that of the file that was opened: behind a link size and time are the target's, so that the size is
    /// that of the bytes that follow.
    func read(_ request: ReadFile) throws(GuestFailure) {
        let path = try lookup.resolve(request.path).path
        let file = path.withCString { open($0, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard file >= 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        let status = try FileContents.requireRegular(file, path: path)
        guard request.offset <= UInt64(Int64.max) else {
            throw GuestFailure(.invalidArgument, "offset \(request.offset) is over \(Int64.max)")
        }
        if request.offset > 0, lseek(file, Int(request.offset), SEEK_SET) < 0 {
            throw GuestFailure(errorNumber: errno, path.text)
        }
        channel.send(.entry(lookup.inspection.entry(path, status)))
        try channel.sendContents(of: file, limit: request.length ?? .max, path: path)
        channel.send(.end)
    }
}
