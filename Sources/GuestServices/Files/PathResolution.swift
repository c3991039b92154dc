import GuestProtocol

/// How a path in a request becomes one for the kernel: absolute as it is, `~` and relative ones from the user's home,
/// an empty one the default directory.
struct PathResolution {
    let home: String
    let defaultDirectory: String?

    /// - Throws: `invalidArgument` for a NUL byte or another user's `~`.
    func resolve(_ path: String) throws(GuestFailure) -> SystemPath {
        try GuestFailure.refuseNUL(path, field: "path")
        if path.isEmpty {
            guard let defaultDirectory, !defaultDirectory.isEmpty else { return SystemPath(Self.clean(home)) }
            return try resolve(defaultDirectory)
        }
        if path.utf8.first == UInt8(ascii: "/") { return SystemPath(Self.tidy(path)) }
        guard path.utf8.first == UInt8(ascii: "~") else { return SystemPath(Self.clean("\(home)/\(path)")) }
        let rest = path.dropFirst()
        guard rest.isEmpty || rest.utf8.first == UInt8(ascii: "/") else {
            throw GuestFailure(.invalidArgument, "path '\(path)': cannot expand another user's home")
        }
        return SystemPath(Self.clean("\(home)/\(rest)"))
    }

    /// Without doubled slashes and `.`; `..` stays, for what it means depends on links.
    private static func tidy(_ path: String) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    /// As `tidy`, and `..` takes the name before it away, as it does in E2B for what is relative to a home.
    private static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
