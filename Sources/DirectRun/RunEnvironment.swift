import Glibc

/// The environment of the command: nothing of the caller's but the terminal's name, then what was asked for.
enum RunEnvironment {
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    static func words(_ options: RunOptions, _ root: RunRoot) -> [String] {
        var values = [
            ("PATH", searchPath), ("HOME", RunUser.home), ("USER", RunUser.name), ("LANG", "C.UTF-8"),
        ]
        if let terminal = getenv("TERM") { values.append(("TERM", String(cString: terminal))) }
        for word in root.environment + options.environment {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values.removeAll { $0.0 == parts[0] }
            values.append((parts[0], parts[1]))
        }
        return values.map { "\($0.0)=\($0.1)" }
    }
}
