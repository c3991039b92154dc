import Foundation
import Glibc

/// Code that is not typed by hand: where it comes from, and what language its name says it is.
struct CodeSource: Hashable, Sendable {
    static let byteLimit = 16 << 20
    private static let languages = [
        "py": "python", "ipy": "python", "js": "javascript", "mjs": "javascript", "ts": "typescript", "sh": "bash",
        "bash": "bash",
    ]

    let text: String
    /// nil if nothing tells.
    let language: String?

    init(text: String) {
        (self.text, language) = (text, nil)
    }

    /// - Parameter path: `-` for standard input.
    /// - Throws: a sentence, for what cannot be read, is not UTF-8, or is over the limit.
    init(path: String) throws {
        let name = path == "-" ? "standard input" : path
        let bytes = try Self.bytes(of: path, name)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ServeError("\(name) is not UTF-8") }
        self.text = text
        language = Self.languages[URL(fileURLWithPath: path).pathExtension.lowercased()]
    }

    private static func bytes(of path: String, _ name: String) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ServeError("open", name, errno: errno) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: StandardInput.chunkBytes)
        while bytes.count <= byteLimit {
            let count = try ServeError.check("read", name) { read(descriptor, &part, part.count) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: part.prefix(count))
        }
        throw ServeError("\(name) is longer than \(byteLimit) bytes")
    }
}
