import Isolation
import Persistence
import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct PoolTests {
    @Test func `a request gets a ready sandbox, which looks like one that was made for it`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 1, max: 3)
            let ready = house.backend.live
            house.clock.advance(seconds: 100)
            let record = try await house.orchestrator.create(
                house.spec(seconds: 60, metadata: ["m": "1"]), idempotencyKey: nil, for: house.principal)
            #expect(ready == [record.id])
            #expect(record.createdAt == house.clock.now && record.endsAt == house.clock.now.adding(.seconds(60)))
            #expect(record.environment == ["LANG": "C.UTF-8", "A": "asked"] && record.metadata == ["m": "1"])
            #expect(record.state == .running && record.accessToken == "token of \(record.id)")
            #expect(house.backend.deadline(of: record.id) == record.endsAt)
            // Told its configuration twice: when it was made, and when it became somebody's.
            #expect(house.configured.all.filter { $0 == record.id }.count == 2)
            #expect(try await house.orchestrator.sandbox(record.id, for: house.principal) == record)
            #expect(try await house.orchestrator.list(SandboxQuery(), for: house.principal).sandboxes == [record])
            let events = try await house.orchestrator.events(record.id, EventQuery(), for: house.principal)
            #expect(events.map(\.message) == ["sandbox started"] && events.first?.at == house.clock.now)
            // Another takes its place.
            try await expectEventually { try await house.report.ready == 1 }
            let report = try await house.report
            #expect(report.inUse == 1 && report.figures.hits == 1 && report.figures.refills == 2)
        }
    }

    @Test func `what waits in a pool is seen by nobody`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 2, max: 2)
            let (orchestrator, principal) = (house.orchestrator, house.principal)
            let page = try await orchestrator.list(SandboxQuery(), for: principal)
            #expect(page.sandboxes.isEmpty && page.totalRunning == 0)
            #expect(await orchestrator.allLive().isEmpty)
            for id in house.backend.live {
                #expect(await orchestrator.live(id) == nil)
                await expectNotFound { _ = try await orchestrator.sandbox(id, for: principal) }
                await expectNotFound { try await orchestrator.kill(id, for: principal) }
                await expectNotFound { _ = try await orchestrator.reset(id, for: principal) }
                await expectNotFound { _ = try await orchestrator.setTimeToLive(id, seconds: 9, for: principal) }
                await expectNotFound { _ = try await orchestrator.events(id, EventQuery(), for: principal) }
            }
            #expect(house.backend.live.count == 2)
        }
    }

    @Test func `another tenant gets nothing of it`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 1, max: 1)
            let pooled = house.backend.live
            let record = try await house.acquire(as: house.stranger)
            #expect(!pooled.contains(record.id) && record.tenant == house.stranger.tenant)
            #expect(await house.orchestrator.poolReports(for: house.stranger).isEmpty)
            #expect(try await house.report.ready == 1)
        }
    }

    @Test func `of 500 at once nobody gets another's, never are there more than the maximum, and all are served`()
        async throws
    {
        let peak = Peak()
        let backend = FakeBackend { _, backend in peak.note(backend.live.count) }
        try await withHouse(backend: backend, limit: 1000) { house in
            try await house.fillPool(min: 5, max: 20, timeout: 60_000)
            let served = Names()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<500 {
                    group.addTask {
                        let id = try await house.acquire().id
                        served.add(id)
                        try await house.orchestrator.kill(id, for: house.principal)
                    }
                }
                try await group.waitForAll()
            }
            let ids = served.all
            #expect(ids.count == 500 && Set(ids).count == 500)
            #expect(peak.most <= 20)
            try await expectEventually { try await house.report.ready == 5 }
            let report = try await house.report
            #expect(report.inUse == 0 && report.waiting == 0 && report.figures.timeouts == 0)
            #expect(report.figures.hits + report.figures.misses == 500)
            #expect(house.backend.live.count == 5)
        }
    }

    @Test func `who waits too long is told so, and what comes free goes to who still waits`() async throws {
        try await withHouse { house in
            try await house.setPool(min: 0, max: 2, timeout: 150)
            let held = [try await house.acquire(), try await house.acquire()]
            #expect(await failure { _ = try await house.acquire() } == "poolExhausted")
            try await house.setPool(min: 0, max: 2, timeout: 60_000)
            async let waiting = house.acquire()
            try await expectEventually { try await house.report.waiting == 1 }
            try await house.orchestrator.kill(held[0].id, for: house.principal)
            #expect(try await waiting.state == .running)
            let figures = try await house.report.figures
            #expect(figures.timeouts == 1 && figures.waits == 2 && figures.misses == 3)
        }
    }

    @Test func `half of 500 get one and half are told clearly when nothing comes free`() async throws {
        try await withHouse(limit: 1000) { house in
            try await house.setPool(min: 0, max: 250, timeout: 500)
            let outcomes = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<500 { group.addTask { await failure { _ = try await house.acquire() } } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == nil }.count == 250)
            #expect(outcomes.filter { $0 == "poolExhausted" }.count == 250)
            #expect(house.backend.live.count == 250)
        }
    }

    @Test func `a request that is cancelled while it waits leaves its place`() async throws {
        try await withHouse { house in
            try await house.setPool(min: 0, max: 1, timeout: 60_000)
            let held = try await house.acquire()
            await withTaskGroup(of: String?.self) { group in
                group.addTask { await failure { _ = try await house.acquire() } }
                try? await expectEventually { try await house.report.waiting == 1 }  // it records by itself
                group.cancelAll()
                #expect(await group.next() == "poolExhausted")
            }
            try await house.orchestrator.kill(held.id, for: house.principal)
            #expect(try await house.report.inUse == 0)
        }
    }

    @Test func `one that does not answer is replaced, and the request is served by another`() async throws {
        let sick = Names()
        try await withHouse(answers: { !sick.all.contains($0.record.id) }) { house in
            try await house.fillPool(min: 2, max: 4)
            let unwell = try #require(house.backend.live.first)
            sick.add(unwell)
            let served = [try await house.acquire().id, try await house.acquire().id]
            #expect(!served.contains(unwell))
            #expect(house.backend.destroyed.contains(unwell))
            #expect(try await house.report.figures.unhealthy == 1)
        }
    }

    @Test func `one that ends while it waits is replaced`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 1, max: 1)
            let first = try #require(house.backend.live.first)
            house.backend.end(first, .outOfMemory)
            try await expectEventually { try await house.report.figures.refills == 2 }
            #expect(!house.backend.live.contains(first) && house.backend.live.count == 1)
            #expect(try await house.acquire().id != first)
        }
    }

    @Test func `a pool that cannot be filled is filled when it can`() async throws {
        try await withHouse { house in
            house.backend.fail("create", .exhausted)
            try await house.setPool(min: 1, max: 1)
            try await expectEventually { try await house.report.figures.refillFailures > 0 }
            #expect(await failure { _ = try await house.acquire() } == "backend")
            house.backend.fail("create", nil)
            try await expectEventually { try await house.report.ready == 1 }
            #expect(try await house.report.inUse == 0)
        }
    }

    @Test func `filling leaves the host's last places to those who ask`() async throws {
        try await withHouse(limit: 10) { house in
            try await house.setPool(min: 10, max: 10)
            try await expectEventually { try await house.report.figures.refillFailures > 0 }
            #expect(house.backend.live.count == 9)
            _ = try await house.acquire(as: house.stranger)
        }
    }

    @Test func `the same request twice takes one`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 1, max: 1)
            let first = try await house.acquire(key: "k")
            #expect(try await house.acquire(key: "k").id == first.id)
            #expect(await failure { _ = try await house.acquire(seconds: 301, key: "k") } == "idempotencyConflict")
            #expect(try await house.report.inUse == 1)
        }
    }

    @Test func `a smaller pool ends what is too much, one that is removed all that is ready`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 3, max: 3)
            let held = try await house.acquire()
            try await house.setPool(min: 1, max: 3)
            try await expectEventually { house.backend.live.count == 2 }
            try await house.orchestrator.removePool(house.template, for: house.principal)
            try await expectEventually { house.backend.live == [held.id] }
            #expect(await failure { try await house.orchestrator.removePool(house.template, for: house.principal) }
                == "poolNotFound")
            _ = try await house.acquire()
        }
    }

    @Test func `who waits for a pool that is removed is served without it`() async throws {
        try await withHouse { house in
            try await house.setPool(min: 0, max: 1, timeout: 60_000)
            _ = try await house.acquire()
            async let waiting = house.acquire()
            try await expectEventually { try await house.report.waiting == 1 }
            try await house.orchestrator.removePool(house.template, for: house.principal)
            #expect(try await waiting.pool == nil)
        }
    }

    @Test func `a pool that is removed and set again while one is made for it counts that one once`() async throws {
        let gate = Gate()
        let backend = FakeBackend { _, _ in await gate.passed() }
        try await withHouse(backend: backend) { house in
            try await house.setPool(min: 1, max: 1)
            try await expectEventually { backend.createCount == 1 }
            try await house.orchestrator.removePool(house.template, for: house.principal)
            try await house.setPool(min: 1, max: 1)
            #expect(try await house.report.making == 1)
            gate.open()
            try await expectEventually { try await house.report.ready == 1 }
            let report = try await house.report
            #expect(report.making == 0 && backend.createCount == 1)
        }
    }

    @Test func `a pool that is set in the store alone is taken up`() async throws {
        try await withHouse { house in
            let key = PoolKey(tenant: .default, templateID: "base")
            try await house.pools.set(key, PoolSettings(minimum: 1, maximum: 1))
            try await expectEventually { house.backend.live.count == 1 }
        }
    }
}
