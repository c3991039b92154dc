import SandboxModel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (Duration.seconds(300), 301_000), (.milliseconds(1), 1001), (.milliseconds(-1500), -500), (.zero, 1000),
        (.microseconds(999), 1000),
    ] as [(Duration, Int64)])
    func `a duration is added to the millisecond`(duration: Duration, sum: Int64) {
        #expect(Timestamp(unixMilliseconds: 1000).adding(duration) == Timestamp(unixMilliseconds: sum))
    }

    @Test func `the earlier is the lesser`() {
        #expect(Timestamp(unixMilliseconds: -1) < Timestamp(unixMilliseconds: 0))
    }

    @Test func `the machine's clock does not stand in the past`() {
        #expect(SystemClock().now > Timestamp(unixMilliseconds: 1_700_000_000_000))
    }
}
