import APIClient
import Foundation
import NIOCore
import NIOHTTP1

/// What the control plane says of a sandbox.
struct SandboxSummary: Codable {
    let sandboxID: String
    let templateID: String
    let alias: String?
    let startedAt: String
    let endAt: String
    let state: String
    let cpuCount: Int
    let memoryMB: Int
    let diskSizeMB: Int
    let metadata: [String: String]?
    let envdAccessToken: String?
}

/// The inside of one sandbox, spoken to as E2B's clients do.
struct RemoteSandbox: Sendable {
    private static let envdPort = "49983"

    let client: APIClient
    let id: String
    let token: String

    init(id: String, token: String, on server: RemoteServer) {
        self.id = id
        self.token = token
        client = server.client
    }

    /// - Throws: `RemoteError` if there is none of that id.
    init(_ id: String, on server: RemoteServer) async throws {
        let found = try await server.call(
            .GET, "/sandboxes/\(RemoteServer.segment(id))", as: SandboxSummary.self)
        self.init(id: found.sandboxID, token: found.envdAccessToken ?? "", on: server)
    }

    /// A call with one answer.
    func tell(_ method: String, _ message: some Encodable) async throws {
        let answer = try await client.send(
            APIRequest(
                .POST, "/process.Process/\(method)", headers: envdHeaders("application/json"),
                body: ByteBuffer(bytes: try JSONEncoder().encode(message))))
        guard answer.status == 200 else { throw RemoteError(answer) }
    }

    /// Starts a process and hands each event on.
    /// - Returns: how it ended.
    func start(
        _ message: StartMessage, user: String?, _ take: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessEvent.End {
        var request = APIRequest(.POST, "/process.Process/Start", headers: envdHeaders("application/connect+json"))
        let credentials = Data("\(user ?? ""):".utf8).base64EncodedString()
        if user != nil { request.headers.add(name: "authorization", value: "Basic \(credentials)") }
        request.body = ConnectFrames.frame(try JSONEncoder().encode(message))
        return try await client.stream(request) { head, body in
            guard head.status == .ok else { throw try await RemoteError(head, &body) }
            var frames = ConnectFrames()
            while let part = try await body.next() {
                for event in try frames.take(part, as: EventMessage.self) {
                    if let end = event.event?.end { return end }
                    if let event = event.event { try await take(event) }
                }
            }
            throw APIClientError.hungUp
        }
    }

    private func envdHeaders(_ contentType: String) -> HTTPHeaders {
        var headers = headers(port: Self.envdPort, contentType)
        headers.add(name: "connect-protocol-version", value: "1")
        return headers
    }

    /// What leads a request to one of the sandbox's ports.
    func headers(port: String, _ contentType: String) -> HTTPHeaders {
        ["content-type": contentType, "e2b-sandbox-id": id, "e2b-sandbox-port": port, "x-access-token": token]
    }
}
