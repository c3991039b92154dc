import Isolation
import Persistence
import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct ReconciliationTests {
    private static let now = Timestamp(unixMilliseconds: 1_800_000_000_000)

    private static func row(_ state: SandboxState, endsIn seconds: Int, hasKey: Bool) throws -> UnfinishedSandbox {
        let spec = try SandboxSpec.test()
        let record = SandboxRecord(
            id: try SandboxID("i1"), tenant: .default, templateID: "base", templateAlias: nil, state: state,
            endReason: nil, createdAt: now, endsAt: now.adding(.seconds(seconds)), metadata: [:], environment: [:],
            limits: spec.template.limits, defaultUser: "user", defaultWorkingDirectory: nil, network: .isolated,
            accessToken: "", generation: 1)
        return UnfinishedSandbox(record: record, mayBeAskedForAgain: hasKey)
    }

    private static func word(_ step: Reconciliation.Step) -> String {
        switch step {
        case .keep: "keep"
        case .adopt: "adopt"
        case .close(_, let reason): "close \(reason.rawValue)"
        case .destroy(_, let reason): "destroy \(reason.rawValue)"
        case .destroyOrphan: "destroy orphan"
        }
    }

    @Test(arguments: [
        (SandboxState.running, 60, false, true, "keep"), (.running, 0, false, true, "destroy expired"),
        (.running, 60, false, false, "close lost"), (.running, -5, false, false, "close expired"),
        (.starting, 60, true, true, "adopt"), (.starting, 60, false, true, "destroy failed"),
        (.starting, -1, true, true, "destroy failed"), (.starting, 60, true, false, "close failed"),
        (.starting, 60, false, false, "close failed"),
    ])
    func `each row is judged`(
        state: SandboxState, endsIn: Int, hasKey: Bool, isThere: Bool, verdict: String
    ) throws {
        let row = try Self.row(state, endsIn: endsIn, hasKey: hasKey)
        let running = isThere ? [RunningSandbox(id: row.record.id, guestSocketPath: "/s")] : []
        let steps = Reconciliation.steps(rows: [row], running: running, inHand: [], known: [], at: Self.now)
        #expect(steps.map(Self.word) == [verdict])
    }

    @Test func `who is being made or killed is left to whoever does it`() throws {
        let row = try Self.row(.starting, endsIn: 60, hasKey: false)
        let id = row.record.id
        let there = [RunningSandbox(id: id, guestSocketPath: "/s")]
        #expect(Reconciliation.steps(rows: [row], running: there, inHand: [id], known: [id], at: Self.now).isEmpty)
        #expect(Reconciliation.steps(rows: [], running: there, inHand: [id], known: [id], at: Self.now).isEmpty)
    }

    @Test func `a sandbox that is nobody's is ended`() throws {
        let there = [RunningSandbox(id: try SandboxID("i9"), guestSocketPath: "/s")]
        let steps = Reconciliation.steps(rows: [], running: there, inHand: [], known: [], at: Self.now)
        #expect(steps == [.destroyOrphan(try SandboxID("i9"))])
    }
}

@Suite struct ReconcilerTests {
    @Test func `a start finds what an earlier life left, and makes store and backend agree`() async throws {
        try await withHouse(before: { house in
            try await house.leave("ikept")
            try await house.leave("ilost", isThere: false)
            try await house.leave("iexpired", seconds: -1)
            try await house.leave("ihalf", isRunning: false)
            try await house.leave("iagain", isRunning: false, key: "k")
            house.backend.plant(try SandboxID("iorphan"))
        }) { house in
            let reasons = try await house.reasons(["ikept", "ilost", "iexpired", "ihalf", "iagain"])
            #expect(reasons == [nil, .lost, .expired, .failed, nil])
            #expect(house.backend.live.map(\.text).sorted() == ["iagain", "ikept"])
            #expect(await house.orchestrator.allLive().map(\.record.id.text).sorted() == ["iagain", "ikept"])
            #expect(house.configured.all.map(\.text) == ["iagain"])
            let kept = try #require(try await house.stored(SandboxID("ikept")))
            #expect(house.backend.deadline(of: kept.id) == kept.endsAt)
        }
    }

    @Test func `a spawner that comes back is told all deadlines, and what it lost is lost`() async throws {
        try await withHouse { house in
            let (kept, lost) = (try await house.create(), try await house.create())
            house.backend.plant(kept.id)
            house.backend.vanish(lost.id)
            house.backend.reconnect()
            try await expectEventually { try await house.stored(lost.id)?.endReason == .lost }
            try await expectEventually { house.backend.deadline(of: kept.id) == kept.endsAt }
            try await expectEventually { await house.orchestrator.allLive().map(\.record.id) == [kept.id] }
        }
    }
}

extension House {
    /// Puts a row, and maybe its sandbox, as an earlier life of the server would have left them.
    fileprivate func leave(
        _ text: String, seconds: Int = 300, isRunning: Bool = true, isThere: Bool = true, key: String? = nil
    ) async throws {
        let spec = try SandboxSpec.test()
        let record = SandboxRecord(
            id: try SandboxID(text), tenant: .default, templateID: "base", templateAlias: nil, state: .starting,
            endReason: nil, createdAt: clock.now, endsAt: clock.now.adding(.seconds(seconds)), metadata: [:],
            environment: [:], limits: spec.template.limits, defaultUser: "user", defaultWorkingDirectory: nil,
            network: .isolated, accessToken: "", generation: 1)
        _ = try await store.admit(Admission(record: record, idempotencyKey: key), limit: 100)
        if isRunning { _ = try await store.commit(running: record) }
        if isThere { backend.plant(record.id) }
    }

    fileprivate func reasons(_ ids: [String]) async throws -> [SandboxEndReason?] {
        var reasons: [SandboxEndReason?] = []
        for id in ids { reasons.append(try await stored(SandboxID(id))?.endReason) }
        return reasons
    }
}
