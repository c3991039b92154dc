import SandboxModel
import Testing

@testable import Persistence

@Suite struct EventStoreTests {
    private static func event(
        _ second: Int64, _ level: SandboxEvent.Level = .info, _ message: String = "m"
    ) -> SandboxEvent {
        SandboxEvent(at: .test(second), level: level, message: message, fields: ["n": "\(second)"])
    }

    private static func withEvents(
        _ events: [SandboxEvent], _ body: (EventStore, SandboxID, TenantID) async throws -> Void
    ) async throws {
        try await withSandboxes { store, database in
            let record = try await store.run(.test("i1"))
            let events = events.map { PendingEvent(sandbox: record.id, event: $0) }
            try await EventStore(database).append(events)
            try await body(EventStore(database), record.id, record.tenant)
        }
    }

    @Test func `lines come in order, from the cursor on, or before it and backwards`() async throws {
        try await Self.withEvents((0..<6).map { Self.event($0) }) { store, id, tenant in
            let forward = try await store.events(of: id, tenant: tenant, EventQuery(cursor: .test(2), limit: 2))
            #expect(forward == [Self.event(2), Self.event(3)])
            let backward = try await store.events(
                of: id, tenant: tenant, EventQuery(cursor: .test(2), limit: 5, newestFirst: true))
            #expect(backward == [Self.event(1), Self.event(0)])
        }
    }

    @Test func `level and text narrow the lines; a percent sign is a percent sign`() async throws {
        let events = [Self.event(0, .debug), Self.event(1, .warn, "50% done"), Self.event(2, .error, "500 done")]
        try await Self.withEvents(events) { store, id, tenant in
            let loud = try await store.events(of: id, tenant: tenant, EventQuery(minimumLevel: .warn))
            #expect(loud == Array(events.dropFirst()))
            let found = try await store.events(of: id, tenant: tenant, EventQuery(search: "0%"))
            #expect(found == [events[1]])
        }
    }

    @Test func `of each sandbox the newest lines are kept, up to the limit`() async throws {
        let count = EventStore.perSandboxLimit + 50
        try await Self.withEvents((0..<count).map { Self.event($0) }) { store, id, tenant in
            try await store.append([PendingEvent(sandbox: id, event: Self.event(count))])
            let oldest = try await store.events(of: id, tenant: tenant, EventQuery(limit: 1))
            #expect(oldest == [Self.event(count + 1 - EventStore.perSandboxLimit)])
        }
    }

    @Test func `another tenant sees no line, and a line for nobody is left out`() async throws {
        try await Self.withEvents([Self.event(0)]) { store, id, _ in
            #expect(try await store.events(of: id, tenant: TenantID("b"), EventQuery()).isEmpty)
            try await store.append([PendingEvent(sandbox: SandboxID("inobody"), event: Self.event(1))])
        }
    }
}

@Suite struct MetricStoreTests {
    private static func metrics(_ second: Int64) -> SandboxMetrics {
        SandboxMetrics(
            at: .test(second), cpuCount: 2, cpuUsedPercent: 12.5, memoryUsedBytes: 1, memoryTotalBytes: 2,
            memoryCacheBytes: 3, diskUsedBytes: 4, diskTotalBytes: 5)
    }

    @Test func `samples come oldest first within both bounds, and a day later their places are taken`() async throws {
        try await withSandboxes { sandboxes, database in
            let record = try await sandboxes.run(.test("i1"))
            let store = MetricStore(database)
            let day: Int64 = 24 * 3600
            for second in [0, 5, 10, day + 5] {
                try await store.record([
                    MetricSample(sandbox: record.id, tenant: record.tenant, metrics: Self.metrics(second))
                ])
            }
            let all = try await store.metrics(of: record.id, tenant: record.tenant, from: .test(0), to: .test(2 * day))
            #expect(all == [0, 10, day + 5].map(Self.metrics))
            let some = try await store.metrics(of: record.id, tenant: record.tenant, from: .test(1), to: .test(10))
            #expect(some == [Self.metrics(10)])
            let others = try await store.metrics(of: record.id, tenant: TenantID("b"), from: .test(0), to: .test(99))
            #expect(others.isEmpty)
        }
    }
}
