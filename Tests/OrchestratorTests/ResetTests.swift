import Isolation
import Persistence
import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct ResetTests {
    @Test func `a sandbox that was reset is made anew under its name, with its template's environment`() async throws {
        try await withHouse { house in
            let before = try await house.create(seconds: 60)
            house.clock.advance(seconds: 10)
            let after = try await house.orchestrator.reset(before.id, for: house.principal)
            #expect(house.backend.destroyed == [before.id] && house.backend.createCount == 2)
            #expect(after.id == before.id && after.accessToken == before.accessToken)
            #expect(after.createdAt == before.createdAt && after.endsAt == before.endsAt)
            #expect(after.environment == ["LANG": "C.UTF-8", "A": "template"] && after.state == .running)
            #expect(house.backend.deadline(of: after.id) == before.endsAt)
            #expect(house.configured.all == [before.id, before.id])
            #expect(try await house.orchestrator.sandbox(before.id, for: house.principal) == after)
            let events = try await house.orchestrator.events(before.id, EventQuery(), for: house.principal)
            #expect(events.map(\.message) == ["sandbox started", "sandbox reset", "sandbox started"])
        }
    }

    @Test func `resets and kills at once leave one outcome, and nothing behind`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            let outcomes = await withTaskGroup(of: String?.self) { group in
                for turn in 0..<20 {
                    group.addTask {
                        await failure {
                            if turn.isMultiple(of: 2) {
                                _ = try await house.orchestrator.reset(id, for: house.principal)
                            } else {
                                try await house.orchestrator.kill(id, for: house.principal)
                            }
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { $0 == nil || $0 == "notFound" })
            _ = await failure { try await house.orchestrator.kill(id, for: house.principal) }
            #expect(house.backend.live.isEmpty)
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `another tenant's is not found, and is left alone`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            await expectNotFound { _ = try await house.orchestrator.reset(id, for: house.stranger) }
            #expect(house.backend.destroyed.isEmpty)
        }
    }

    @Test func `one that cannot be made again is over`() async throws {
        try await withHouse { house in
            let id = try await house.create().id
            house.backend.fail("create", .exhausted)
            #expect(await failure { _ = try await house.orchestrator.reset(id, for: house.principal) } == "backend")
            await expectNotFound { _ = try await house.orchestrator.sandbox(id, for: house.principal) }
            #expect(house.backend.live.isEmpty)
            try await house.expectNoneUnfinished()
        }
    }

    @Test func `one of a pool stays its owner's, and counts once`() async throws {
        try await withHouse { house in
            try await house.fillPool(min: 0, max: 1)
            let id = try await house.acquire().id
            #expect(try await house.orchestrator.reset(id, for: house.principal).pool == .handed)
            #expect(try await house.report.inUse == 1)
            try await house.orchestrator.kill(id, for: house.principal)
            #expect(try await house.report.inUse == 0)
        }
    }
}
