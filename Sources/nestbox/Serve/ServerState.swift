import Foundation
import Glibc

/// `DIR/run/server.json`: where the running server answers, for the other commands. Written in place, since the
/// directory is not the server's; empty when no server is ready.
struct ServerState: Codable, Hashable {
    var url: String
    var host: String
    var port: Int
    var domain: String
    /// Whether its certificate is of the installation's own authority, which clients have to be told of.
    var hasOwnAuthority: Bool

    private static let sizeLimit = 4096

    init(host: String, port: Int, domain: String, hasOwnAuthority: Bool = true) {
        // Whoever listens everywhere is reached on the loopback.
        let reachable = ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host
        self.host = reachable
        self.port = port
        self.domain = domain
        self.hasOwnAuthority = hasOwnAuthority
        url = "http://\(reachable.contains(":") ? "[\(reachable)]" : reachable):\(port)"
    }

    /// - Returns: nil if no server is ready.
    static func read(data: String) -> ServerState? {
        let path = "\(data)/\(DataDirectory.statePath)"
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= sizeLimit else { return nil }
        return try? JSONDecoder().decode(ServerState.self, from: bytes)  // half-written is not ready
    }

    func write(data: String) throws {
        try InPlaceFile.write(try JSONEncoder().encode(self), to: "\(data)/\(DataDirectory.statePath)")
    }

    static func clear(data: String) throws {
        try InPlaceFile.write(Data(), to: "\(data)/\(DataDirectory.statePath)")
    }
}

/// Replaces what is in a file that exists and whose directory is not ours to write.
enum InPlaceFile {
    static func write(_ bytes: Data, to path: String) throws {
        let descriptor = try ServeError.check("open", path) {
            open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)
        }
        defer { close(descriptor) }
        guard !bytes.isEmpty else { return }
        let written = try ServeError.check("write", path) {
            bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
        guard written == bytes.count else { throw ServeError("\(path): only \(written) bytes could be written") }
    }
}
