import Glibc

/// The machine's own time.
public struct SystemClock: WallClock {
    public init() {}

    public var now: Timestamp {
        var moment = timespec()
        // Cannot fail: the clock exists and the pointer is good.
        clock_gettime(CLOCK_REALTIME, &moment)
        return Timestamp(unixMilliseconds: Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000)
    }
}
