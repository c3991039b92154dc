import Foundation

/// A directory of templates, gone afterwards.
struct TemplateDirectory {
    static let digest = String(repeating: "ab", count: 32)

    let path: String

    static func with(_ body: (TemplateDirectory) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("nestbox-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(path)/layers", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }  // what stays in /tmp is no failure
        try Data([1]).write(to: URL(fileURLWithPath: "\(path)/layers/\(digest).erofs"))
        try await body(TemplateDirectory(path: path))
    }

    /// Writes a good template, with `changes` made to its JSON; nil takes a field away.
    func write(_ name: String, _ changes: [String: Any?] = [:]) throws {
        var fields: [String: Any] = [
            "id": name, "name": name, "aliases": [String](), "layers": [Self.digest], "user": "user",
            "workdir": NSNull(), "environment": ["LANG": "C.UTF-8"], "noNewPrivileges": false, "cpuCount": 2,
            "memoryMiB": 512, "diskMiB": 4096, "inodes": 262_144,
        ]
        for (field, value) in changes { fields[field] = value }
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        let file = URL(fileURLWithPath: "\(path)/\(name)/template.json")
        try JSONSerialization.data(withJSONObject: fields).write(to: file)
    }
}
