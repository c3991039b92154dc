import Foundation

/// The repository as text, found from where this file lies.
struct SourceTree {
    struct File {
        /// From the repository's root.
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

        /// The target the file belongs to: `Edge` for `Sources/Edge/TLS/Authority.swift`.
        var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    }

    let root: URL

    init(from file: String = #filePath) {
        root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    func files(under folder: String, extensions: Set<String>) throws -> [File] {
        let start = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else { return [] }
        return try walk.compactMap { $0 as? URL }
            .filter { extensions.contains($0.pathExtension) }
            .map { url in
                let path = String(url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1))
                return File(path: path, text: try String(contentsOf: url, encoding: .utf8))
            }
            .sorted { $0.path < $1.path }
    }

    func text(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
