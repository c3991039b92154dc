import CLinux
import Glibc
import GuestProtocol
import WireCoding

/// What the event loop does by itself, because a worker's fork costs many times the work: looking at one thing, reading
/// few bytes, and writing few that have come with the request. Only in the file system of `/`, where nothing but the
/// sandbox's own disk can make it wait; that leaves out `/proc`, whose `self` would be PID 1 here. Everything else is a
/// worker's.
struct PromptFiles {
    /// Of one read.
    static let byteLimit = WireLimits.chunkBytes

    /// `O_PATH` of open(2), which `Glibc` shows only to GNU sources.
    private static let openPath: Int32 = 0o10000000

    let lookup: FileLookup

    /// - Returns: all that is to be said, or nil if a worker is to say it.
    func replies(to request: GuestRequest, _ connection: Connection) throws(GuestFailure) -> [GuestReply]? {
        switch request {
        case .stat(let path): try stat(path)
        case .readFile(let value): try read(value)
        case .writeFile(let value): try write(value, connection)
        default: nil
        }
    }

    private func stat(_ request: FilePath) throws(GuestFailure) -> [GuestReply]? {
        let path = try lookup.resolve(request).path
        guard let file = try Self.open(path, Self.openPath | O_NOFOLLOW) else { return nil }
        close(file)
        return [.entry(try lookup.entry(path))]
    }

    private func read(_ request: ReadFile) throws(GuestFailure) -> [GuestReply]? {
        let path = try lookup.resolve(request.path).path
        guard let file = try Self.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY) else { return nil }
        defer { close(file) }
        var status = Glibc.stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let bytes = Self.bytes(of: file, status, request)
        else { return nil }
        let entry = lookup.inspection.entry(path, status)
        return bytes.isEmpty ? [.entry(entry), .end] : [.entry(entry), .bytes(bytes), .end]
    }

    private func write(_ request: WriteFile, _ connection: Connection) throws(GuestFailure) -> [GuestReply]? {
        // A frame that breaks the rules is the worker's to refuse.
        guard let content = try? connection.waitingContent(), content.count <= Self.byteLimit else { return nil }
        let (file, path) = try lookup.openForWriting(request)
        guard Self.isOnDisk(file) else {
            close(file)
            return nil
        }
        do throws(GuestFailure) {
            try FileContents.begin(file, path: path, request.metadata)
            var failure: GuestFailure?
            content.withUnsafeBytes { bytes in
                do throws(GuestFailure) {
                    try FileContents.write(bytes, to: file, path: path)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        } catch {
            close(file)
            throw error
        }
        // Some file systems find out that they are full only now.
        guard close(file) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        return [.entry(try lookup.entry(path))]
    }

    /// - Returns: nil if they are too many, or cannot be read.
    private static func bytes(of file: Int32, _ status: stat, _ request: ReadFile) -> [UInt8]? {
        let wanted = request.length ?? .max
        let (size, limit) = (UInt64(clamping: status.st_size), UInt64(byteLimit))
        let rest = size - min(size, request.offset)
        guard request.offset <= UInt64(Int64.max), min(wanted, rest) <= limit else { return nil }
        // One more than is there: the file may have grown since.
        var bytes = [UInt8](repeating: 0, count: Int(min(wanted, min(rest, limit) + 1)))
        var end = 0
        while end < bytes.count {
            let offset = Int(request.offset) &+ end
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress.map { $0 + end }, $0.count - end, offset)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            end += count
        }
        guard end < bytes.count || UInt64(end) == wanted else { return nil }
        bytes.removeLast(bytes.count - end)
        return bytes
    }

    /// - Returns: nil if it cannot be opened, or is not of the kind of file system that `/` is.
    /// - Throws: `notFound`.
    private static func open(_ path: SystemPath, _ flags: Int32) throws(GuestFailure) -> Int32? {
        let file = path.withCString { Glibc.open($0, flags | O_CLOEXEC) }
        guard file >= 0 else {
            if errno == ENOENT { throw GuestFailure(errorNumber: ENOENT, path.text) }
            return nil
        }
        if isOnDisk(file) { return file }
        close(file)
        return nil
    }

    private static func isOnDisk(_ file: Int32) -> Bool {
        var (here, root) = (statfs(), statfs())
        return fstatfs(file, &here) == 0 && statfs("/", &root) == 0 && here.f_type == root.f_type
    }
}
