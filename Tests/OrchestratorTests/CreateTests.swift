import Dispatch
import Isolation
import SandboxModel
import Synchronization
import Testing

@testable import Orchestrator

@Suite struct CreateTests {
    @Test func `a sandbox that was created is stored, alive, configured and bounded`() async throws {
        try await withHouse { house in
            let record = try await house.create(seconds: 60)
            #expect(record.state == .running && record.endsAt == house.clock.now.adding(.seconds(60)))
            #expect(record.environment == ["LANG": "C.UTF-8", "A": "asked"])
            #expect(try await house.stored(record.id) == record)
            #expect(await house.orchestrator.live(record.id)?.record == record)
            #expect(house.backend.deadline(of: record.id) == record.endsAt)
            #expect(house.configured.all == [record.id])
            #expect(try await house.orchestrator.sandbox(record.id, for: house.principal) == record)
        }
    }

    @Test func `another tenant can do nothing with it, and is told what it is told of nothing`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            let (orchestrator, stranger) = (house.orchestrator, house.stranger)
            await expectNotFound { _ = try await orchestrator.sandbox(id, for: stranger) }
            await expectNotFound { try await orchestrator.kill(id, for: stranger) }
            await expectNotFound { _ = try await orchestrator.setTimeToLive(id, seconds: 0, for: stranger) }
            await expectNotFound { _ = try await orchestrator.setTimeToLive(id, seconds: 9, for: stranger) }
            await expectNotFound { _ = try await orchestrator.extend(id, seconds: 9, for: stranger) }
            await expectNotFound { _ = try await orchestrator.events(id, EventQuery(), for: stranger) }
            await expectNotFound { _ = try await orchestrator.metrics(id, from: nil, to: nil, for: stranger) }
            #expect(house.backend.live == [id])
        }
    }

    @Test func `a backend that cannot leaves a failed row and nothing alive`() async throws {
        try await withHouse { house in
            house.backend.fail("create", .exhausted)
            #expect(await failure { _ = try await house.create(key: "k") } == "backend")
            #expect(await house.orchestrator.allLive().isEmpty)
            try await house.expectNoneUnfinished()
            house.backend.fail("create", nil)
            _ = try await house.create(key: "k")
        }
    }

    @Test func `a guest that does not take its configuration ends the sandbox`() async throws {
        try await withHouse(guestFails: true) { house in
            #expect(await failure { _ = try await house.create() } == "backend")
            #expect(house.backend.live.isEmpty)
            #expect(await house.orchestrator.allLive().isEmpty)
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `nobody is told of a sandbox before its row is on disk`() async throws {
        let isSlow = Mutex(false)
        let gate = DispatchSemaphore(value: 0)
        let sync: @Sendable (Int32) -> Int32 = { _ in
            if isSlow.withLock({ $0 }) { gate.wait() }
            return 0
        }
        try await withHouse(sync: sync) { house in
            isSlow.withLock { $0 = true }
            async let created = house.create()
            try await expectEventually { try await house.store.unfinished().first?.record.state == .running }
            #expect(await house.orchestrator.allLive().isEmpty)
            isSlow.withLock { $0 = false }
            gate.signal()
            let record = try await created
            #expect(await house.orchestrator.allLive().map(\.record.id) == [record.id])
        }
    }

    @Test func `a sandbox whose row the disk does not take was never there`() async throws {
        let isBroken = Mutex(false)
        try await withHouse(sync: { _ in isBroken.withLock { $0 } ? -1 : 0 }) { house in
            isBroken.withLock { $0 = true }
            #expect(await failure { _ = try await house.create() } == "store")
            #expect(house.backend.live.isEmpty)
            #expect(await house.orchestrator.allLive().isEmpty)
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `a sandbox that ends while it is being made was never there`() async throws {
        let backend = FakeBackend { id, backend in backend.end(id, .outOfMemory) }
        try await withHouse(backend: backend) { house in
            // The maker is told by the lifecycle, whichever of event and answer comes first; what must hold holds
            // after.
            _ = await failure { _ = try await house.create() }
            try await expectEventually { try await house.store.unfinished().isEmpty }
            try await expectEventually { await house.orchestrator.allLive().isEmpty }
        }
    }

    @Test func `as many as the limit may live`() async throws {
        try await withHouse(limit: 2) { house in
            let first = try await house.create()
            _ = try await house.create()
            #expect(await failure { _ = try await house.create() } == "noCapacity")
            #expect(house.backend.createCount == 2)
            try await house.orchestrator.kill(first.id, for: house.principal)
            _ = try await house.create()
        }
    }

    @Test func `the same request twice makes one sandbox, another request with its key none`() async throws {
        try await withHouse { house in
            let first = try await house.create(key: "k-1")
            #expect(try await house.create(key: "k-1").id == first.id)
            #expect(await failure { _ = try await house.create(seconds: 301, key: "k-1") } == "idempotencyConflict")
            #expect(house.backend.createCount == 1)
            let other = try await house.create(key: "k-2")
            #expect(other.id != first.id)
        }
    }

    @Test(arguments: ["", "A", "a b", "a_b", "é", String(repeating: "a", count: 256)])
    func `a malformed idempotency key is refused by name`(key: String) async throws {
        try await withHouse { house in
            #expect(await failure { _ = try await house.create(key: key) } == "refused Idempotency-Key")
            #expect(house.backend.createCount == 0)
        }
    }
}
