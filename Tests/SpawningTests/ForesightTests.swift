import Testing

@testable import Spawning

@Suite struct ForesightTests {
    private static let now: Int64 = 5000

    @Test func `where nobody is born as much is made ready as there is room for`() {
        #expect(Foresight().limit(births: 0, now: Self.now) == .max)
        #expect(Foresight().timeout(now: Self.now) == nil)
    }

    @Test func `while a sandbox is being born, and for a while after, only what the next ones take`() {
        var foresight = Foresight()
        #expect(foresight.limit(births: 1, now: Self.now) == Foresight.least)
        foresight.sandboxWasBorn(now: Self.now)
        #expect(foresight.limit(births: 0, now: Self.now + Foresight.rest - 1) == Foresight.least)
        #expect(foresight.timeout(now: Self.now + Foresight.rest - 1) == 1)
        #expect(foresight.limit(births: 0, now: Self.now + Foresight.rest) == .max)
        #expect(foresight.timeout(now: Self.now + Foresight.rest) == nil)
    }

    @Test func `the last of many births counts`() {
        var foresight = Foresight()
        for now in Self.now...Self.now + 50 { foresight.sandboxWasBorn(now: now) }
        #expect(foresight.timeout(now: Self.now + 50) == Foresight.rest)
    }
}
