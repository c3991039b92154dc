import Glibc

/// A file that only its owner may read.
struct PrivateFile {
    private static let sizeLimit = 64 << 10

    let path: String

    /// - Returns: nil if there is none.
    /// - Throws: `TLSError`, also if others may read it.
    func read() throws(TLSError) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .file(path: path, operation: "stat", errno: errno) }
            return nil
        }
        let mode = UInt32(status.st_mode) & 0o777
        guard mode & 0o077 == 0 else { throw .keyIsReadableByOthers(path: path, mode: mode) }
        return try Self.text(at: path)
    }

    /// Makes the file, and its directory if there is none.
    func create(_ text: String) throws(TLSError) {
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw .file(path: directory, operation: "mkdir", errno: errno)
        }
        try Self.replace(path, with: text, mode: 0o600)
    }

    static func text(at path: String) throws(TLSError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", errno: errno) }
        defer { close(descriptor) }
        return try text(of: descriptor, path, forbidding: 0)
    }

    /// - Parameter forbidden: bits of the mode that may not be set.
    static func text(of descriptor: Int32, _ path: String, forbidding forbidden: UInt32) throws(TLSError) -> String {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .file(path: path, operation: "stat", errno: errno) }
        let mode = UInt32(status.st_mode) & 0o777
        guard mode & forbidden == 0 else { throw .keyIsReadableByOthers(path: path, mode: mode) }
        var bytes = [UInt8](repeating: 0, count: sizeLimit)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard got >= 0 else { throw .file(path: path, operation: "read", errno: errno) }
            if got == 0 { break }
            count += got
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Puts a new file in the place of `path`, whole or not at all.
    static func replace(_ path: String, with text: String, mode: mode_t) throws(TLSError) {
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .file(path: draft, operation: "open", errno: errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let isWritten = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) == $0.count }
        guard isWritten, fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(draft, path) == 0 else {
            throw .file(path: path, operation: "write", errno: errno)
        }
    }
}
