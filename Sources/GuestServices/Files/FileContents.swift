import Glibc
import GuestProtocol
import WireCoding

/// Bytes from one open file into another, and into one from memory.
enum FileContents {
    static func append(_ source: Int32, to target: Int32, path: SystemPath) throws(GuestFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: WorkerChannel.transferBytes, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(source, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw GuestFailure(errorNumber: errno, path.text) }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: target, path: path)
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to target: Int32, path: SystemPath) throws(GuestFailure) {
        var position = 0
        while position < bytes.count {
            let count = Glibc.write(target, bytes.baseAddress.map { $0 + position }, bytes.count - position)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw GuestFailure(errorNumber: errno, path.text) }
            position += count
        }
    }

    /// Empties an open file and replaces its metadata.
    static func begin(_ file: Int32, path: SystemPath, _ metadata: [WirePair]) throws(GuestFailure) {
        guard ftruncate(file, 0) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        try FileMetadata.replace(file, path: path, with: metadata)
    }

    /// The status of an open file that must be a regular one.
    /// - Throws: `invalidArgument` for a directory, a pipe, a device or a socket.
    static func requireRegular(_ file: Int32, path: SystemPath) throws(GuestFailure) -> stat {
        var status = Glibc.stat()
        guard fstat(file, &status) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status
        case S_IFDIR: throw GuestFailure(.invalidArgument, "path is a directory: \(path.text)", errorNumber: EISDIR)
        default: throw GuestFailure(.invalidArgument, "path is not a regular file: \(path.text)")
        }
    }
}
