import SandboxModel
import Synchronization
import Testing

@testable import Orchestrator

extension House {
    var template: Template {
        get async throws { try await orchestrator.template(named: "base") }
    }

    func spec(seconds: Int = 300, metadata: [String: String] = [:]) async throws -> SandboxSpec {
        try SandboxSpec(
            template: await template, timeToLiveSeconds: seconds, metadata: metadata, environment: ["A": "asked"])
    }

    func acquire(seconds: Int = 300, key: String? = nil, as principal: Principal? = nil) async throws -> SandboxRecord {
        try await orchestrator.create(
            await spec(seconds: seconds), idempotencyKey: key, for: principal ?? self.principal)
    }

    @discardableResult
    func setPool(min: Int, max: Int, timeout: Int = 10_000) async throws -> PoolReport {
        try await orchestrator.setPool(
            await template,
            PoolSettings(minimum: min, maximum: max, acquireTimeoutMilliseconds: timeout), for: principal)
    }

    var report: PoolReport {
        get async throws { try #require(await orchestrator.poolReports(for: principal).first) }
    }

    /// Sets a pool and waits until it is full.
    func fillPool(min: Int, max: Int, timeout: Int = 10_000) async throws {
        try await setPool(min: min, max: max, timeout: timeout)
        try await expectEventually { try await report.ready == min }
    }
}

/// The most of something that was ever at once.
final class Peak: Sendable {
    private let figures = Mutex((now: 0, most: 0))
    var most: Int { figures.withLock { $0.most } }

    func note(_ count: Int) {
        figures.withLock { $0 = (count, max($0.most, count)) }
    }
}

/// Sandboxes that tasks have told of.
final class Names: Sendable {
    private let ids = Mutex<[SandboxID]>([])
    var all: [SandboxID] { ids.withLock { $0 } }

    func add(_ id: SandboxID) {
        ids.withLock { $0.append(id) }
    }
}

/// Closed until it is opened, then open. For one who waits.
final class Gate: Sendable {
    private let stream: AsyncStream<Never>
    private let source: AsyncStream<Never>.Continuation

    init() {
        (stream, source) = AsyncStream.makeStream()
    }

    func open() {
        source.finish()
    }

    func passed() async {
        for await _ in stream {}
    }
}
