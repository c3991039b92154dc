import Glibc

/// Where the server listens: `HOST:PORT`, an IPv6 address in brackets. Port 0 is one that is free.
struct ListenAddress: Sendable, Hashable, Codable {
    static let standard = ListenAddress(host: "127.0.0.1", port: 8300)

    let host: String
    let port: UInt16

    private init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        self.init(host: host, port: port)
    }
}

/// A path from the root.
struct AbsolutePath: Hashable {
    let text: String

    /// - Parameter text: absolute, or relative to the current directory.
    init?(_ text: String) {
        guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
        guard !text.hasPrefix("/") else {
            self.text = Self.trimmed(text)
            return
        }
        guard let directory = getcwd(nil, 0) else { return nil }
        defer { free(directory) }
        self.text = Self.trimmed(String(cString: directory) + "/" + text)
    }

    private static func trimmed(_ text: String) -> String {
        let parts = text.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }
}
