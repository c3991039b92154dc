import GuestClient
import GuestProtocol
import HTTPExchange
import NIOHTTP1

/// `/files` and `/files/compose`.
struct FileCalls: Sendable {
    let call: EnvdCall

    func respond() async -> HTTPResponse {
        do {
            switch call.request.method {
            case .GET, .HEAD: return try await download()
            case .POST: return try await upload()
            default: return HTTPResponse(status: .methodNotAllowed, headers: ["allow": "GET, HEAD, POST"])
            }
        } catch {
            return call.response(for: error)
        }
    }

    /// Joins files into one.
    func compose() async -> HTTPResponse {
        guard call.request.method == .POST else {
            return HTTPResponse(status: .methodNotAllowed, headers: ["allow": "POST"])
        }
        do {
            let body = try await call.request.body.collect(upTo: EnvdLimits.composeBytes)
            let message = try ProtoJSON.decode(ComposeMessage.self, from: body)
            let entry = try await call.entry(.composeFiles(message.request))
            return .json(.ok, try ProtoJSON.encode(WrittenFile(entry)))
        } catch {
            return call.response(for: error)
        }
    }

    /// The user whose home relative paths start from.
    func user() throws(EnvdFailure) -> String? {
        guard let user = call.request.target.query("username"), !user.isEmpty else { return nil }
        guard user.utf8.count <= EnvdLimits.userNameBytes, !user.utf8.contains(0) else {
            throw EnvdFailure(.unauthorized, "invalid username: '\(user.prefix(EnvdLimits.userNameBytes))'")
        }
        return user
    }
}

/// The body of `/files/compose`.
private struct ComposeMessage: Decodable {
    let request: ComposeFiles

    private enum CodingKeys: String, CodingKey {
        case source_paths, destination, username
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let sources = try fields.decode([String].self, forKey: .source_paths)
        guard (1...EnvdLimits.composeSources).contains(sources.count) else {
            throw ConnectError(
                .invalidArgument, "source_paths: \(sources.count) paths, allowed are 1...\(EnvdLimits.composeSources)")
        }
        let destination = try fields.decode(String.self, forKey: .destination)
        let user = try fields.decodeIfPresent(String.self, forKey: .username).flatMap { $0.isEmpty ? nil : $0 }
        request = ComposeFiles(sources: sources, destination: FilePath(destination, user: user))
    }
}

/// A file that was written, as clients are told.
struct WrittenFile: Encodable, Sendable {
    let path: String
    let name: String
    let type = "file"
    /// Left out if there is none.
    let metadata: [String: String]?

    init(_ entry: FileEntry) {
        path = entry.path
        name = entry.name
        metadata = entry.metadata.isEmpty ? nil : entry.metadataByName
    }

    private enum CodingKeys: CodingKey {
        case path, name, type, metadata
    }
}
