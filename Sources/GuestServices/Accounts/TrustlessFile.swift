import Glibc

/// Reads a small file that the sandbox's root may have replaced by anything: a pipe, a device, an endless `/proc` file.
enum TrustlessFile {
    static let byteLimit = 1 << 20

    /// The text, with what is not UTF-8 replaced; nil if there is no such regular file within the limit.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size > 0, status.st_size <= byteLimit
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}
