import Foundation
import Isolation
import Layers
import Logging
import SandboxModel
import Synchronization
import Testing

@testable import Orchestrator
@testable import Persistence

/// A clock that stands still until it is moved.
final class ManualClock: WallClock {
    private let moment = Mutex(Timestamp(unixMilliseconds: 1_800_000_000_000))

    var now: Timestamp { moment.withLock { $0 } }

    func advance(seconds: Int64) {
        moment.withLock { $0 = $0.adding(.seconds(seconds)) }
    }
}

/// An orchestrator on a fake backend and a real database, and what a test needs of its parts.
struct House: Sendable {
    let orchestrator: Orchestrator
    let backend: FakeBackend
    let store: SandboxStore
    let pools: PoolStore
    let clock: ManualClock
    let principal = Principal(tenant: .default, keyID: "k")
    let stranger: Principal
    let configured: Configured

    /// Which sandboxes' guests were told their configuration.
    final class Configured: Sendable {
        let ids = Mutex<[SandboxID]>([])
        var all: [SandboxID] { ids.withLock { $0 } }
    }

    func create(seconds: Int = 300, key: String? = nil) async throws -> SandboxRecord {
        try await orchestrator.create(.test(seconds: seconds), idempotencyKey: key, for: principal)
    }

    func expectNoneUnfinished(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let unfinished = try await store.unfinished()
        #expect(unfinished.isEmpty, sourceLocation: sourceLocation)
    }

    /// The template `base`, as `SandboxSpec.test` has it.
    static func writeTemplate(in directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory + "/layers", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: directory + "/base", withIntermediateDirectories: false)
        let layer = String(repeating: "a", count: 64)
        try Data().write(to: URL(fileURLWithPath: directory + "/layers/\(layer).erofs"))
        let text = """
            {"id": "base", "name": "base", "aliases": [], "layers": ["\(layer)"], "user": "user",
             "environment": {"LANG": "C.UTF-8", "A": "template"}, "noNewPrivileges": false, "cpuCount": 1,
             "memoryMiB": 128, "diskMiB": 64, "inodes": 1024}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/base/template.json"))
    }

    func stored(_ id: SandboxID) async throws -> SandboxRecord? {
        try await store.sandbox(id, of: .default)
    }
}

/// Lends a house whose orchestrator runs and has compared itself with the backend once.
func withHouse(
    backend: FakeBackend = FakeBackend(), limit: Int = 100, guestFails: Bool = false,
    answers: @Sendable @escaping (LiveSandbox) async -> Bool = { _ in true },
    sync: @Sendable @escaping (Int32) -> Int32 = fdatasync,
    before: (House) async throws -> Void = { _ in }, _ body: (House) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("nestbox-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }  // what stays in /tmp is no failure
    try House.writeTemplate(in: directory)
    let database = try await Database.open(at: directory + "/test.sqlite", sync: sync)
    let stranger = try TenantID("stranger")
    for tenant in [TenantID.default, stranger] {
        let hash = Array(tenant.text.padding(toLength: 32, withPad: ".", startingAt: 0).utf8)
        try await KeyStore(database).add(
            StoredKey(
                id: tenant.text, tenant: tenant, name: "", hash: hash, mask: "",
                createdAt: Timestamp(unixMilliseconds: 0)))
    }
    let pools = PoolStore(database)
    let (clock, configured) = (ManualClock(), House.Configured())
    let store = SandboxStore(database) { "token of \($0)" }
    let guest = GuestCalls(
        configure: { live in
            configured.ids.withLock { $0.append(live.record.id) }
            if guestFails { throw CancellationError() }
        },
        diskUsage: { _ in DiskFigures(used: 7, total: 70) }, answers: answers)
    let parts = Orchestrator.Parts(
        backend: backend, templates: TemplateStore(directory: directory), sandboxes: store, pools: pools,
        events: EventStore(database), metrics: MetricStore(database), guest: guest,
        accessToken: { "token of \($0)" }, clock: clock, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        sandboxLimit: limit)
    let house = House(
        orchestrator: Orchestrator(parts), backend: backend, store: store, pools: pools, clock: clock,
        stranger: Principal(tenant: stranger, keyID: "s"), configured: configured)
    try await before(house)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await house.orchestrator.run() }
        backend.reconnect()
        await house.orchestrator.recovered()
        try await body(house)
        group.cancelAll()
    }
}

/// Waits for what another task is about to bring about.
func expectEventually(
    _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let limit = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < limit {
        if try await condition() { return }
        await Task.yield()
    }
    Issue.record("it did not come about", sourceLocation: sourceLocation)
}

extension SandboxSpec {
    static func test(seconds: Int = 300, metadata: [String: String] = [:]) throws -> SandboxSpec {
        try SandboxSpec(
            template: Template(
                id: "base", aliases: ["base"], layers: [], user: "user", workingDirectory: nil,
                environment: ["LANG": "C.UTF-8", "A": "template"], noNewPrivileges: false,
                limits: ResourceLimits(cpuCount: 1, memoryMiB: 128, diskMiB: 64, inodes: 1024)),
            timeToLiveSeconds: seconds, metadata: metadata, environment: ["A": "asked"])
    }
}

extension OrchestratorError {
    /// Its case in a word: errors carry causes that tests need not spell.
    var name: String {
        switch self {
        case .notFound: "notFound"
        case .templateNotFound: "templateNotFound"
        case .refused(let error): "refused \(error.field)"
        case .idempotencyConflict: "idempotencyConflict"
        case .noCapacity: "noCapacity"
        case .poolExhausted: "poolExhausted"
        case .poolNotFound: "poolNotFound"
        case .backend: "backend"
        case .store: "store"
        }
    }
}

/// Which error `body` ends with.
func failure(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch let error as OrchestratorError {
        return error.name
    } catch {
        return String(describing: error)
    }
}

func expectNotFound(
    _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async {
    let name = await failure(body)
    #expect(name == "notFound", sourceLocation: sourceLocation)
}
