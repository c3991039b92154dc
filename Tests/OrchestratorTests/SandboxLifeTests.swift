import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct SandboxLifeTests {
    private static func live(generation: Int64 = 2) throws -> LiveSandbox {
        let spec = try SandboxSpec.test()
        let moment = Timestamp(unixMilliseconds: 0)
        return LiveSandbox(
            record: SandboxRecord(
                id: try SandboxID("i1"), tenant: .default, templateID: "base", templateAlias: nil, state: .running,
                endReason: nil, createdAt: moment, endsAt: moment, metadata: [:], environment: [:],
                limits: spec.template.limits, defaultUser: "user", defaultWorkingDirectory: nil, network: .isolated,
                accessToken: "", generation: generation),
            guestSocketPath: "/s")
    }

    @Test func `what ended while it was made does not run, and its maker learns why`() throws {
        var life = SandboxLife(startingFor: .default)
        #expect(life.ended(.expired) == .leave)
        let reason = life.run(try Self.live())
        #expect(reason == .expired)
        #expect(life.live == nil)
    }

    @Test func `what is still being made can not be killed`() {
        var life = SandboxLife(startingFor: .default)
        #expect(life.claimEnd() == nil)
    }

    @Test func `one gets the right to kill, and gives it back if it failed`() throws {
        var life = SandboxLife(try Self.live())
        #expect(life.claimEnd() != nil)
        #expect(life.claimEnd() == nil)
        #expect(life.live == nil)
        let isGone = life.giveEndBack()
        #expect(!isGone)
        #expect(life.live != nil)
    }

    @Test func `a kill that failed is none if the sandbox ended meanwhile`() throws {
        var life = SandboxLife(try Self.live())
        _ = life.claimEnd()
        #expect(life.ended(.killed) == .leave)
        let isGone = life.giveEndBack()
        #expect(isGone)
        #expect(life.live == nil)
    }

    @Test func `an older record does not replace a newer one`() throws {
        var life = SandboxLife(try Self.live(generation: 5))
        life.update(try Self.live(generation: 4).record)
        #expect(life.live?.record.generation == 5)
        life.update(try Self.live(generation: 6).record)
        #expect(life.live?.record.generation == 6)
    }
}
