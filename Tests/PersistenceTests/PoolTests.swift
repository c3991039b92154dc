import GRDB
import SandboxModel
import Testing

@testable import Persistence

@Suite struct PoolTests {
    private func pooled(_ id: String, in store: SandboxStore) async throws -> SandboxRecord {
        var record = try SandboxRecord.test(id)
        record.pool = .pooled
        return try await store.run(record)
    }

    private func claim(_ record: SandboxRecord, as tenant: String = "a", key: String? = nil) throws -> Admission {
        var wanted = try SandboxRecord.test(
            record.id.text, tenant: tenant, createdAt: .test(50), seconds: 60, metadata: ["m": "1"],
            environment: ["E": "2"])
        wanted.generation = record.generation
        return Admission(record: wanted, idempotencyKey: key)
    }

    @Test func `of many claims at once one gets the sandbox`() async throws {
        try await withSandboxes { store, _ in
            let record = try await pooled("i1", in: store)
            let won = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 {
                    // Every other outcome is a loss.
                    group.addTask { (try? await store.claim(claim(record))) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(won == 1)
        }
    }

    @Test func `a claim writes down all that the request said`() async throws {
        try await withSandboxes { store, _ in
            let record = try await pooled("i1", in: store)
            guard case .claimed(let claimed) = try await store.claim(claim(record, key: "k")) else {
                throw StoreError.stale(record.id)
            }
            #expect(claimed.state == .starting && claimed.pool == .handed && claimed.generation > record.generation)
            #expect(claimed.createdAt == .test(50) && claimed.endsAt == .test(110))
            #expect(claimed.metadata == ["m": "1"] && claimed.environment == ["E": "2"])
            let running = try await store.commit(running: claimed)
            #expect(try await store.list(SandboxQuery(), of: TenantID("a"), at: .test(30)).sandboxes == [running])
            let other = try await pooled("i2", in: store)
            #expect(try await store.claim(claim(other, key: "k")) == .repeated(running))
        }
    }

    @Test func `neither another tenant nor a request for one that is no pool's claims anything`() async throws {
        try await withSandboxes { store, _ in
            let record = try await pooled("i1", in: store)
            await #expect(throws: StoreError.stale(record.id)) { try await store.claim(claim(record, as: "b")) }
            let cold = try await store.run(.test("i2"))
            await #expect(throws: StoreError.stale(cold.id)) { try await store.claim(claim(cold)) }
            try await store.finish(record.id, of: record.tenant, .killed, at: .test(1))
            await #expect(throws: StoreError.stale(record.id)) { try await store.claim(claim(record)) }
        }
    }

    @Test func `what waits in a pool is neither listed nor found, and is unfinished business`() async throws {
        try await withSandboxes { store, _ in
            let record = try await pooled("i1", in: store)
            let page = try await store.list(SandboxQuery(), of: record.tenant, at: .test(30))
            #expect(page.sandboxes.isEmpty && page.totalRunning == 0)
            #expect(try await store.sandbox(record.id, of: record.tenant) == nil)
            #expect(try await store.unfinished().map(\.record) == [record])
        }
    }

    @Test func `pools are set, changed and removed, each tenant's by itself`() async throws {
        try await withSandboxes { _, database in
            let store = PoolStore(database)
            let (mine, other) = (
                PoolKey(tenant: try TenantID("a"), templateID: "t"), PoolKey(tenant: try TenantID("b"), templateID: "t")
            )
            let (small, large) = (
                try PoolSettings(minimum: 1, maximum: 2, acquireTimeoutMilliseconds: 5),
                try PoolSettings(minimum: 3, maximum: 4)
            )
            try await store.set(mine, small)
            try await store.set(other, small)
            try await store.set(mine, large)
            #expect(try await store.all() == [mine: large, other: small])
            #expect(try await store.remove(mine))
            #expect(try await !store.remove(mine))
            #expect(try await store.all() == [other: small])
        }
    }

    @Test func `sandboxes of the schema before are no pool's`() async throws {
        try await withSandboxes { store, database in
            let record = try await store.run(.test("i1"))
            try await database.write { db in
                try db.execute(sql: "DROP TABLE pool; ALTER TABLE sandbox DROP COLUMN pool")
                try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '0002_pools'")
            }
            try Migrations.migrator.migrate(database.pool)
            #expect(try await store.sandbox(record.id, of: record.tenant) == record)
        }
    }
}
