import Persistence
import SandboxModel
import Testing

@testable import Orchestrator

/// What a server that died in the midst of it leaves, and what the next one makes of that.
@Suite struct PoolRecoveryTests {
    /// A row of an earlier server's, and its sandbox.
    private func leave(
        _ pool: PoolPlace, running: Bool = true, key: String? = nil, in house: House
    ) async throws -> SandboxRecord {
        var record = house.orchestrator.newRecord(try await house.spec(), for: .default)
        record.pool = pool
        _ = try await house.store.admit(Admission(record: record, idempotencyKey: key), limit: 100)
        house.backend.plant(record.id)
        return running ? try await house.store.commit(running: record) : record
    }

    @Test(arguments: [true, false])
    func `one that waited, or was being made, is ended: nobody was given it`(wasReady: Bool) async throws {
        var left: SandboxRecord?
        try await withHouse(before: { left = try await leave(.pooled, running: wasReady, in: $0) }) { house in
            let id = try #require(left?.id)
            #expect(house.backend.destroyed == [id])
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `one that was handed out is its owner's, and counts for the maximum`() async throws {
        var left: SandboxRecord?
        try await withHouse(before: { house in
            let key = PoolKey(tenant: .default, templateID: "base")
            try await house.pools.set(key, PoolSettings(minimum: 0, maximum: 1, acquireTimeoutMilliseconds: 0))
            left = try await leave(.handed, in: house)
        }) { house in
            let record = try #require(left)
            #expect(try await house.orchestrator.sandbox(record.id, for: house.principal).id == record.id)
            #expect(await failure { _ = try await house.acquire() } == "poolExhausted")
            try await house.orchestrator.kill(record.id, for: house.principal)
            _ = try await house.acquire()
        }
    }

    @Test func `one whose handover was cut short is nobody's, unless whoever asked may ask again`() async throws {
        var cut: [SandboxRecord] = []
        try await withHouse(before: { house in
            for key in [nil, "k"] {
                let pooled = try await leave(.pooled, in: house)
                var wanted = house.orchestrator.newRecord(try await house.spec(), for: .default, pooled.id)
                (wanted.generation, wanted.pool) = (pooled.generation, .handed)
                _ = try await house.store.claim(Admission(record: wanted, idempotencyKey: key))
                cut.append(wanted)
            }
        }) { house in
            #expect(house.backend.destroyed == [cut[0].id])
            // Configured by the new server, with what the request said.
            #expect(house.configured.all == [cut[1].id])
            let again = try await house.acquire(key: "k")
            #expect(again.id == cut[1].id)
        }
    }
}
