import Auth
import Foundation
import HTTPExchange
import Isolation
import Layers
import Logging
import NIOCore
import NIOHTTP1
import Orchestrator
import Persistence
import SandboxModel
import Synchronization

@testable import E2BAPI

/// A control plane over a real orchestrator and store, whose sandboxes are names in a set. Lent by `withControlPlane`.
struct ControlPlaneFixture: Sendable {
    static let domain = "sbx.localhost"

    /// The tenant's, and another's.
    let key: String
    let foreignKey: String
    let plane: ControlPlane
    let clock: ManualClock

    /// Asks with the tenant's key, by an address on port 3000, unless `headers` say otherwise.
    func ask(
        _ method: HTTPMethod, _ uri: String, _ body: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        var all: HTTPHeaders = ["host": "127.0.0.1:3000", "x-api-key": key]
        if body != nil { all.add(name: "content-type", value: "application/json") }
        for (name, value) in headers { all.replaceOrAdd(name: name, value: value) }
        guard let target = RequestTarget(uri) else { throw BadTarget(uri: uri) }
        let request = HTTPRequest(
            method: method, target: target, headers: all, body: RequestBody(ByteBuffer(string: body ?? "")),
            id: "0123456789abcdef")
        return Answer(await plane.respond(to: request))
    }

    /// Makes a sandbox and gives its id.
    func create(_ body: String = #"{"templateID":"base"}"#) async throws -> String {
        try await ask(.POST, "/v2/sandboxes", body).text("sandboxID")
    }
}

struct BadTarget: Error {
    let uri: String
}

/// A response, its body read as JSON.
struct Answer {
    let status: Int
    let headers: HTTPHeaders
    let json: Any?

    init(_ response: HTTPResponse) {
        status = Int(response.status.code)
        headers = response.headers
        json =
            if case .bytes(let bytes) = response.body {
                // No JSON is nil, and the claims say so.
                try? JSONSerialization.jsonObject(with: Data(bytes.readableBytesView), options: .fragmentsAllowed)
            } else {
                nil
            }
    }

    var object: [String: Any] { json as? [String: Any] ?? [:] }
    var list: [[String: Any]] { json as? [[String: Any]] ?? [] }
    var message: String { object["message"] as? String ?? "" }

    func text(_ field: String) throws -> String {
        guard let text = object[field] as? String else { throw Missing(field: field, in: "\(status) \(object)") }
        return text
    }

    struct Missing: Error {
        let field: String
        let `in`: String
    }
}

final class ManualClock: WallClock {
    private let moment = Mutex(Timestamp(unixMilliseconds: 1_800_000_000_123))

    var now: Timestamp { moment.withLock { $0 } }

    func advance(by duration: Duration) {
        moment.withLock { $0 = $0.adding(duration) }
    }
}

/// A backend whose sandboxes are names in a set.
final class NamesOnlyBackend: IsolationBackend {
    private let alive = Mutex<Set<SandboxID>>([])
    let events: AsyncStream<BackendEvent>
    private let source: AsyncStream<BackendEvent>.Continuation

    init() {
        (events, source) = AsyncStream.makeStream()
        source.yield(.reconnected)
    }

    func create(
        _ id: SandboxID, _ spec: SandboxSpec, tenant: TenantID, endsAt: Timestamp
    ) async throws(BackendError) -> RunningSandbox {
        if spec.metadata["fail"] != nil {
            throw BackendError(.failed, backend: "names", step: "clone3", cause: "a secret of the host")
        }
        _ = alive.withLock { $0.insert(id) }
        return RunningSandbox(id: id, guestSocketPath: "/nowhere/\(id)")
    }

    func destroy(_ id: SandboxID) async throws(BackendError) {
        _ = alive.withLock { $0.remove(id) }
        source.yield(.ended(id, .killed))
    }

    func setDeadline(_ id: SandboxID, _ endsAt: Timestamp) async throws(BackendError) {}

    func running() async throws(BackendError) -> [RunningSandbox] {
        alive.withLock { $0 }.map { RunningSandbox(id: $0, guestSocketPath: "/nowhere/\($0)") }
    }

    func startZygote(_ template: Template, tenant: TenantID) async throws(BackendError) {}

    func endZygote(_ templateID: String, tenant: TenantID) async throws(BackendError) {}

    func land(in id: SandboxID, payload: [UInt8]) async throws(BackendError) -> UInt32 { 2 }

    func usage(_ id: SandboxID) async throws(BackendError) -> BackendUsage {
        BackendUsage(cpuMicroseconds: 1000, memoryBytes: 1 << 20, cacheBytes: 1 << 10, memoryLimitBytes: 512 << 20)
    }
}

/// Lends a control plane with the template `base`; all of it is gone when this returns.
func withControlPlane(
    sandboxLimit: Int = Orchestrator.defaultSandboxLimit,
    _ body: @escaping @Sendable (ControlPlaneFixture) async throws -> Void
) async throws {
    let directory = "/tmp/nestbox-control-plane-tests.\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
        atPath: "\(directory)/templates/base", withIntermediateDirectories: true)
    defer {
        // What is left in /tmp is no reason to fail.
        try? FileManager.default.removeItem(atPath: directory)
    }
    try FileManager.default.createDirectory(
        atPath: "\(directory)/templates/layers", withIntermediateDirectories: false)
    // Nobody here looks into a layer.
    try "".write(toFile: "\(directory)/templates/layers/\(layer).erofs", atomically: true, encoding: .utf8)
    try baseTemplate.write(toFile: "\(directory)/templates/base/template.json", atomically: true, encoding: .utf8)
    let database = try await Database.open(at: "\(directory)/nestbox.db")
    let clock = ManualClock()
    let log = Logger(label: "control-plane-tests") { _ in SwiftLogNoOpLogHandler() }
    let orchestrator = Orchestrator(
        Orchestrator.Parts(
            backend: NamesOnlyBackend(), templates: TemplateStore(directory: "\(directory)/templates"),
            sandboxes: SandboxStore(database) { "token of \($0)" }, pools: PoolStore(database),
            events: EventStore(database), metrics: MetricStore(database),
            guest: GuestCalls(
                configure: { _ in }, diskUsage: { _ in DiskFigures(used: 4096, total: 512 << 20) },
                answers: { _ in true }),
            accessToken: { "token of \($0)" }, clock: clock, log: log, sandboxLimit: sandboxLimit))
    let keys = KeyService(KeyStore(database), clock: clock)
    let key = try await keys.create(name: "own", for: .default).key
    let foreignKey = try await keys.create(name: "foreign", for: TenantID("stranger")).key
    let plane = ControlPlane(
        orchestrator: orchestrator, domain: ControlPlaneFixture.domain,
        // A store that fails lets nobody in.
        authenticate: { text in try? await keys.authenticate(text) }, logger: log)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await orchestrator.run() }
        await orchestrator.recovered()
        try await body(
            ControlPlaneFixture(key: key.secret, foreignKey: foreignKey.secret, plane: plane, clock: clock))
        group.cancelAll()
    }
}

private let layer = String(repeating: "a", count: 64)

private let baseTemplate = """
    {"id": "tbase", "name": "base", "aliases": [], "layers": ["\(layer)"],
     "user": "user", "environment": {}, "noNewPrivileges": false,
     "cpuCount": 2, "memoryMiB": 512, "diskMiB": 1024, "inodes": 65536}
    """
