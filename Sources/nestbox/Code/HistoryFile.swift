import Foundation
import Glibc

/// Where a shell's history outlives it: one JSON string a line, of which only the user reads.
struct HistoryFile: Sendable {
    /// Of what is read. A file of twice this size is cut when it is opened.
    static let byteLimit = 1 << 20
    /// Of one entry; a longer one is not kept.
    static let entryByteLimit = 64 << 10

    let path: String

    /// - Returns: nil where no home is known.
    init?(environment: [String: String]) {
        func absolute(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        guard let state = absolute("XDG_STATE_HOME") ?? absolute("HOME").map({ "\($0)/.local/state" }) else {
            return nil
        }
        path = "\(state)/nestbox/code_history"
    }

    /// The youngest entries, oldest first; none if there is no file. What is no entry is passed over.
    /// - Throws: `ServeError`, with the path.
    func read() throws -> [String] {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return [] }
        guard descriptor >= 0 else { throw ServeError("open", path, errno: errno) }
        defer { close(descriptor) }
        let size = try ServeError.check("lseek", path) { lseek(descriptor, 0, SEEK_END) }
        let entries = Self.entries(try bytes(of: descriptor, from: max(0, Int(size) - Self.byteLimit)))
        if size > 2 * Self.byteLimit { try replace(with: entries) }
        return entries
    }

    /// - Throws: `ServeError`, with the path.
    func append(_ entry: String) throws {
        guard entry.utf8.count <= Self.entryByteLimit else { return }
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try write([entry], to: path, flags: O_APPEND)
    }

    private func bytes(of descriptor: Int32, from start: Int) throws -> [UInt8] {
        try ServeError.check("lseek", path) { lseek(descriptor, start, SEEK_SET) }
        var bytes = [UInt8](repeating: 0, count: Self.byteLimit)
        let count = try ServeError.check("read", path) { Glibc.read(descriptor, &bytes, bytes.count) }
        return Array(bytes.prefix(count))
    }

    private static func entries(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { JSONValue.parse($0)?.text }
            .suffix(InputHistory.entryLimit)
    }

    /// Another shell's last entries may be lost by it, but no reader ever sees half a file.
    private func replace(with entries: [String]) throws {
        let draft = "\(path).\(getpid())"
        try write(entries, to: draft, flags: O_TRUNC)
        try ServeError.check("rename", path) { rename(draft, path) }
    }

    private func write(_ entries: [String], to path: String, flags: Int32) throws {
        let descriptor = try ServeError.check("open", path) {
            open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0o600)
        }
        defer { close(descriptor) }
        try ServeError.check("fchmod", path) { fchmod(descriptor, 0o600) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let lines = try entries.map { try encoder.encode($0) + [UInt8(ascii: "\n")] }
        try writeAll(lines.joined(), to: descriptor)
    }
}
