import ArgumentParser
import Foundation

/// `nestbox env`: the lines that point an E2B client at the running server.
struct EnvCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Prints `export` lines for E2B clients: eval \"$(nestbox env)\".")

    /// How a client is to find the server.
    enum Client: String, CaseIterable, ExpressibleByArgument {
        /// One plain port; sandboxes are told apart by headers.
        case plain
        /// TLS, and sandboxes below the domain.
        case tls
        /// The same, through the server as a proxy: no name needs to resolve.
        case proxy
    }

    @OptionGroup var data: DataOption
    @Option(help: "How the client is to reach the server.") var client = Client.plain

    func run() throws {
        let place = try Installation(data.path)
        for (name, value) in place.variables(for: client) { print("export \(name)=\(Shell.quoted(value))") }
    }
}

extension Installation {
    func variables(for client: EnvCommand.Client) -> [(String, String)] {
        let trusted = "\(path)/\(DataDirectory.certificatePath)"
        let authority = state.hasOwnAuthority ? [("SSL_CERT_FILE", trusted)] : []
        let key = ("E2B_API_KEY", key)
        return switch client {
        case .plain:
            [
                key, ("E2B_API_URL", state.url), ("E2B_SANDBOX_URL", state.url), ("E2B_VOLUME_API_URL", state.url),
            ]
        case .tls: [key, ("E2B_DOMAIN", "\(state.domain):\(state.port)")] + authority
        case .proxy: [key, ("E2B_DOMAIN", state.domain), ("HTTPS_PROXY", state.url)] + authority
        }
    }
}

/// Words for a shell.
enum Shell {
    static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy {
            (0x30...0x3a).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x2f, 0x5f].contains($0)
        }
        if isPlain { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

/// A data directory whose server is ready.
struct Installation {
    let path: String
    let state: ServerState
    let key: String

    /// - Throws: a sentence, if no server is ready or the key may not be read.
    init(_ path: String) throws {
        self.path = path
        guard let state = ServerState.read(data: path) else {
            throw ServeError("no server is ready on \(path); `nestbox serve --data \(path)` starts one")
        }
        let file = "\(path)/\(DataDirectory.keyPath)"
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw ServeError("\(file) cannot be read; it belongs to whoever started the server")
        }
        self.state = state
        key = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
