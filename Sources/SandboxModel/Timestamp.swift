/// A moment in wall-clock time, to the millisecond.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let unixMilliseconds: Int64

    public init(unixMilliseconds: Int64) {
        self.unixMilliseconds = unixMilliseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.unixMilliseconds < right.unixMilliseconds
    }

    public func adding(_ duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(
            unixMilliseconds: unixMilliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

/// Tells the time. Injected, so that a test can move it.
public protocol WallClock: Sendable {
    var now: Timestamp { get }
}
