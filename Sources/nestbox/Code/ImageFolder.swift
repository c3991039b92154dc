import Foundation
import Glibc

/// Where a command writes the images that code shows. The names are ours, and nothing that exists is written over.
actor ImageFolder {
    static let fileLimit = 1000
    static let byteLimit = 1 << 30

    /// nil until a directory of our own is needed.
    private var path: String?
    private var fileCount = 0
    private var byteCount = 0
    /// The last number that was given away.
    private var number = 0

    /// - Parameter path: nil for a fresh directory below the temporary one, made when the first image comes.
    init(_ path: String?) {
        self.path = path
    }

    /// - Returns: the path of the new file.
    /// - Throws: a sentence, if the image cannot be written or is over the limits.
    func save(_ image: ResultView.Image) throws -> String {
        guard let bytes = image.bytes else { throw ServeError("it is not base64") }
        guard fileCount < Self.fileLimit, byteCount + bytes.count <= Self.byteLimit else {
            throw ServeError(
                "a command writes at most \(Self.fileLimit) images of \(Self.byteLimit) bytes in all")
        }
        let (file, descriptor) = try create(in: try directory(), image.format.rawValue)
        defer { close(descriptor) }
        try writeAll(bytes, to: descriptor)
        fileCount += 1
        byteCount += bytes.count
        return file
    }

    private func directory() throws -> String {
        if let path {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return path
        }
        let temporary = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var pattern = Array("\(temporary)/nestbox-code-\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&pattern) != nil else { throw ServeError("mkdtemp", temporary, errno: errno) }
        let made = String(decoding: pattern.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        path = made
        return made
    }

    private func create(in directory: String, _ format: String) throws -> (String, Int32) {
        let first = number + 1
        for candidate in first..<first + Self.fileLimit {
            number = candidate
            let file = "\(directory)/image-\(candidate).\(format)"
            let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
            if descriptor >= 0 { return (file, descriptor) }
            guard errno == EEXIST else { throw ServeError("open", file, errno: errno) }
        }
        throw ServeError("\(directory) has too many images already")
    }
}
