import Isolation
import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct EndTests {
    @Test func `a killed sandbox is gone everywhere, and a second kill finds none`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            try await house.orchestrator.kill(id, for: house.principal)
            #expect(house.backend.live.isEmpty)
            #expect(await house.orchestrator.live(id) == nil)
            let stored = try #require(try await house.stored(id))
            #expect(stored.state == .ended && stored.endReason == .killed)
            #expect(await failure { try await house.orchestrator.kill(id, for: house.principal) } == "notFound")
        }
    }

    @Test func `of many kills at once one succeeds`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            let successes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await failure { try await house.orchestrator.kill(id, for: house.principal) } == nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(successes == 1)
            #expect(house.backend.destroyed == [id])
        }
    }

    @Test func `a kill that the backend could not carry out may be tried again`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            house.backend.fail("destroy", .unavailable)
            #expect(await failure { try await house.orchestrator.kill(id, for: house.principal) } == "backend")
            #expect(await house.orchestrator.live(id) != nil)
            house.backend.fail("destroy", nil)
            try await house.orchestrator.kill(id, for: house.principal)
        }
    }

    @Test(arguments: [SandboxEndReason.expired, .outOfMemory, .crashed])
    func `a sandbox that ends by itself is stored with its reason`(reason: SandboxEndReason) async throws {
        try await withHouse { house in
            let id = try await house.create().id
            house.backend.end(id, reason)
            try await expectEventually { try await house.stored(id)?.endReason == reason }
            #expect(await house.orchestrator.live(id) == nil)
            #expect(await failure { _ = try await house.orchestrator.sandbox(id, for: house.principal) } == "notFound")
        }
    }

    @Test func `the life is set both ways, only ever extended by extend, and ended by zero`() async throws {
        try await withHouse { house in
            let id = try await house.create(seconds: 300).id
            let (orchestrator, principal, now) = (house.orchestrator, house.principal, house.clock.now)
            let shorter = try await orchestrator.setTimeToLive(id, seconds: 10, for: principal)
            #expect(shorter.endsAt == now.adding(.seconds(10)))
            #expect(try await orchestrator.extend(id, seconds: 5, for: principal).endsAt == shorter.endsAt)
            let longer = try await orchestrator.extend(id, seconds: 500, for: principal)
            #expect(longer.endsAt == now.adding(.seconds(500)))
            #expect(house.backend.deadline(of: id) == longer.endsAt)
            #expect(try await house.stored(id) == longer)
            #expect(await orchestrator.live(id)?.record == longer)
            #expect(try await orchestrator.setTimeToLive(id, seconds: -1, for: principal).state == .ended)
            #expect(try await house.stored(id)?.endReason == .expired)
        }
    }

    @Test func `from the moment of its end it is gone, though the news of that has not come`() async throws {
        try await withHouse { house in
            let (orchestrator, principal) = (house.orchestrator, house.principal)
            let brief = try await house.create(seconds: 10)
            let long = try await house.create(seconds: 11)
            house.clock.advance(seconds: 10)
            let page = try await orchestrator.list(SandboxQuery(), for: principal)
            #expect(page.sandboxes == [long] && page.totalRunning == 1)
            #expect(await orchestrator.allLive().map(\.record) == [long])
            #expect(await failure { _ = try await orchestrator.sandbox(brief.id, for: principal) } == "notFound")
        }
    }

    @Test func `a life over the limit is refused by its field`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            let refused = await failure {
                _ = try await house.orchestrator.setTimeToLive(id, seconds: 86_401, for: house.principal)
            }
            #expect(refused == "refused timeout")
        }
    }

    @Test func `of many changes at once store, memory and backend end with the same`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seconds in 1...40 {
                    group.addTask {
                        _ = try await house.orchestrator.setTimeToLive(id, seconds: seconds * 10, for: house.principal)
                    }
                }
                try await group.waitForAll()
            }
            let stored = try #require(try await house.stored(id))
            #expect(await house.orchestrator.live(id)?.record == stored)
            #expect(house.backend.deadline(of: id) == stored.endsAt)
        }
    }

    @Test func `a kill among changes wins, and nothing is left`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            await withTaskGroup(of: Void.self) { group in
                for seconds in 1...20 {
                    group.addTask {
                        _ = await failure {
                            _ = try await house.orchestrator.setTimeToLive(id, seconds: seconds, for: house.principal)
                        }
                    }
                }
                group.addTask { _ = await failure { try await house.orchestrator.kill(id, for: house.principal) } }
            }
            #expect(try await house.stored(id)?.state == .ended)
            #expect(house.backend.live.isEmpty)
            #expect(await house.orchestrator.allLive().isEmpty)
        }
    }

    @Test func `all can be ended at once`() async throws {
        try await withHouse { house in
            for _ in 0..<30 { _ = try await house.create() }
            await house.orchestrator.killAll()
            #expect(house.backend.live.isEmpty)
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `what happened is told, also after the end`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            await house.orchestrator.record(SandboxEvent(at: house.clock.now, level: .info, message: "hello"), of: id)
            try await house.orchestrator.kill(id, for: house.principal)
            let events = try await house.orchestrator.events(id, EventQuery(), for: house.principal)
            #expect(events.map(\.message) == ["sandbox started", "hello", "sandbox ended"])
            #expect(events.last?.fields == ["reason": "killed"])
        }
    }

    @Test func `measurements carry the backend's figures and the guest's`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            house.clock.advance(seconds: 1)
            let metrics = try await house.orchestrator.metrics(id, from: nil, to: nil, for: house.principal)
            let newest = try #require(metrics.last)
            #expect(newest.cpuUsedPercent == 50 && newest.memoryUsedBytes == 10 && newest.memoryTotalBytes == 100)
            #expect(newest.diskUsedBytes == 7 && newest.diskTotalBytes == 70)
        }
    }
}
