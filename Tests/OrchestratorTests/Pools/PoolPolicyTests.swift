import SandboxModel
import Testing

@testable import Orchestrator

@Suite struct PoolPolicyTests {
    typealias Counts = PoolPolicy.Counts

    private func policy(min: Int = 2, max: Int = 4) throws -> PoolPolicy {
        PoolPolicy(settings: try PoolSettings(minimum: min, maximum: max))
    }

    @Test(arguments: [
        (Counts(ready: 1), true, .handOver), (Counts(ready: 1), false, .wait), (Counts(), true, .make),
        (Counts(), false, .wait), (Counts(making: 1, handed: 2), true, .make), (Counts(handed: 4), true, .wait),
        (Counts(making: 2, handed: 2), true, .wait), (Counts(handed: 3, ending: 1), true, .wait),
        (Counts(ready: 1, handed: 3), true, .handOver),
    ] as [(Counts, Bool, PoolPolicy.Answer)])
    func `who asks gets what is ready, else room, else waits its turn`(
        counts: Counts, isFirst: Bool, answer: PoolPolicy.Answer
    ) throws {
        #expect(try policy().answer(counts, isFirst: isFirst) == answer)
    }

    @Test(arguments: [
        (Counts(), 0, false, 2), (Counts(ready: 2), 0, false, 0), (Counts(ready: 1), 0, false, 1),
        (Counts(making: 1), 0, false, 1), (Counts(making: 2), 0, false, 0), (Counts(handed: 3), 0, false, 1),
        (Counts(handed: 4), 0, false, 0), (Counts(handed: 2, ending: 1), 0, false, 1), (Counts(), 1, false, 0),
        (Counts(), 0, true, 1), (Counts(making: 1), 0, true, 0), (Counts(ready: 3), 0, false, 0),
    ] as [(Counts, Int, Bool, Int)])
    func `it fills up to the minimum, within the maximum, and never while somebody waits`(
        counts: Counts, waiting: Int, hasFailed: Bool, refills: Int
    ) throws {
        #expect(try policy().refills(counts, waiting: waiting, hasFailed: hasFailed) == refills)
    }

    @Test func `whatever it has, filling never passes the maximum`() throws {
        let policy = try policy(min: 5, max: 7)
        for ready in 0...8 {
            for making in 0...8 {
                for handed in 0...8 {
                    let counts = Counts(ready: ready, making: making, handed: handed)
                    let refills = policy.refills(counts, waiting: 0, hasFailed: false)
                    #expect(refills == 0 || counts.all + refills <= 7)
                    if policy.answer(counts, isFirst: true) == .make { #expect(counts.all < 7) }
                }
            }
        }
    }

    @Test func `more than the minimum is not kept`() throws {
        #expect(try policy().surplus(Counts(ready: 3)) == 1)
        #expect(try policy().surplus(Counts(ready: 2, handed: 9)) == 0)
    }

    @Test func `a pool that cannot be filled rests longer and longer, to a limit`() {
        let rests = (0..<20).map { PoolPolicy.rest(afterFailures: $0) }
        #expect(rests[0] == .milliseconds(100))
        #expect(zip(rests, rests.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(rests.last == .seconds(30))
    }

    @Test func `who asks goes before who fills`() {
        let (alone, beside) = (
            PoolPolicy.refillsAtOnce(othersAreMaking: false), PoolPolicy.refillsAtOnce(othersAreMaking: true)
        )
        #expect(beside < alone && beside > 0)
    }
}
