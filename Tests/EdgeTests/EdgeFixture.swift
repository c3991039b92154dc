import Foundation
import HTTPExchange
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Orchestrator
import SandboxModel
import Synchronization

@testable import Edge

/// A listener on a free port of the loopback, with a control plane of the test's own. Lent by `withEdge`.
struct EdgeFixture: Sendable {
    static let domain = "sbx.localhost"

    let port: Int
    let authority: CertificateAuthority
    let plane: ScriptedPlane
}

/// Lends a listener; it is gone when this returns.
/// - Parameter dial: what stands for a sandbox's ports.
func withEdge(
    limits: EdgeLimits = EdgeLimits(), sandboxes: [LiveSandbox] = [],
    dial: @escaping EdgeRouting.Dial = { _, _, _, _ in throw NoSuchPort() },
    _ body: @escaping @Sendable (EdgeFixture) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let authority = try CertificateAuthority.load(dataDirectory: directory)
        let plane = ScriptedPlane()
        let routing = EdgeRouting(
            domain: EdgeFixture.domain, controlPlane: plane,
            live: { id in sandboxes.first { $0.record.id == id } },
            signatureOwner: { request in request.target.query("signature") == "v1_good" ? sandboxes.first : nil },
            envd: { request, sandbox in .text("envd of \(sandbox.record.id) \(request.target.rawPath)") },
            interpreter: { request, sandbox in
                guard sandbox.record.templateID == "code" else { return nil }
                return .text("interpreter of \(sandbox.record.id) \(request.target.rawPath)")
            },
            dial: dial, limits: limits)
        let server = EdgeServer(
            host: "127.0.0.1", port: 0, routing: routing,
            tls: try TLSIdentity(authority: authority, names: ServerNames(domain: EdgeFixture.domain)),
            limits: limits, logger: Logger(label: "edge-tests") { _ in SwiftLogNoOpLogHandler() })
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { address in ready.yield(address.port ?? 0) } }
            for await port in ports.prefix(1) {
                try await body(EdgeFixture(port: port, authority: authority, plane: plane))
            }
            group.cancelAll()
        }
    }
}

struct NoSuchPort: Error {}

func withTemporaryDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
    let directory = "/tmp/nestbox-edge-tests.\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    do {
        let result = try await body(directory)
        try FileManager.default.removeItem(atPath: directory)
        return result
    } catch {
        // What the test found is the news.
        try? FileManager.default.removeItem(atPath: directory)
        throw error
    }
}

extension LiveSandbox {
    static func example(_ id: String, template: String = "base") throws -> LiveSandbox {
        let record = SandboxRecord(
            id: try SandboxID(id), tenant: .default, templateID: template, templateAlias: nil, state: .running,
            endReason: nil, createdAt: Timestamp(unixMilliseconds: 0), endsAt: Timestamp(unixMilliseconds: 1),
            metadata: [:], environment: [:],
            limits: try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 512, inodes: 65_536), defaultUser: "user",
            defaultWorkingDirectory: nil, network: .isolated, accessToken: "token", generation: 1)
        return LiveSandbox(record: record, guestSocketPath: "/nowhere")
    }
}

/// A control plane that does what the path says.
final class ScriptedPlane: HTTPResponder {
    /// Handlers whose client went away.
    let cancelled = Mutex(0)
    private let wasCancelled = Signal()

    /// Returns when a `/forever` or an `/endless` was cancelled.
    func cancellation() async {
        await wasCancelled.wait()
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch request.target.segments.first {
        case "hello": .text("hello")
        case "headers": .text(request.headers.map { "\($0.name): \($0.value)\n" }.joined())
        case "target": .text(request.target.raw)
        case "echo": await echo(request)
        case "count": await count(request)
        case "stream": .stream(parts: 3, of: ByteBuffer(string: "part "), length: nil)
        case "sized": .stream(parts: 64, of: ByteBuffer(repeating: 0x78, count: 1 << 20), length: 64 << 20)
        case "short": .stream(parts: 1, of: ByteBuffer(string: "too little"), length: 1000)
        case "unread": HTTPResponse(status: .payloadTooLarge, body: .bytes(ByteBuffer(string: "no")))
        case "empty": HTTPResponse(status: .noContent)
        case "forever": forever()
        case "endless": endless()
        default: HTTPResponse(status: .notFound, body: .bytes(ByteBuffer(string: "nothing here")))
        }
    }

    private func echo(_ request: HTTPRequest) async -> HTTPResponse {
        do {
            return HTTPResponse(status: .ok, body: .bytes(try await request.body.collect(upTo: 1 << 20)))
        } catch {
            return HTTPResponse(status: .badRequest)
        }
    }

    private func count(_ request: HTTPRequest) async -> HTTPResponse {
        var count = 0
        do {
            for try await part in request.body { count += part.readableBytes }
            return .text(String(count))
        } catch {
            return HTTPResponse(status: .badRequest)
        }
    }

    private func forever() -> HTTPResponse {
        untilCancelled { writer in
            try await writer.write(ByteBuffer(string: "begun "))
            try await Task.sleep(for: .seconds(3600))
        }
    }

    private func endless() -> HTTPResponse {
        let part = ByteBuffer(repeating: 0x78, count: 1 << 20)
        return untilCancelled { writer in
            while true { try await writer.write(part) }
        }
    }

    private func untilCancelled(
        _ write: @escaping @Sendable (ResponseWriter) async throws -> Void
    ) -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            body: .stream(length: nil) { writer in
                do {
                    try await write(writer)
                } catch {
                    self.cancelled.withLock { $0 += 1 }
                    self.wasCancelled.raise()
                    throw error
                }
            })
    }
}

extension HTTPResponse {
    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: .ok, headers: ["content-type": "text/plain"], body: .bytes(ByteBuffer(string: text)))
    }

    static func stream(parts: Int, of part: ByteBuffer, length: Int?) -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            body: .stream(length: length) { writer in
                for _ in 0..<parts { try await writer.write(part) }
            })
    }
}
