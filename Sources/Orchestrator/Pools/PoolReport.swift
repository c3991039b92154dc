import SandboxModel

/// What a pool is, what it has, and how it has fared since the server started.
public struct PoolReport: Sendable, Hashable {
    public let key: PoolKey
    public let settings: PoolSettings
    public let ready: Int
    public let making: Int
    public let inUse: Int
    public let waiting: Int
    public let figures: PoolFigures
}

/// Since the server started.
public struct PoolFigures: Sendable, Hashable {
    /// Requests that got a ready sandbox.
    public internal(set) var hits = 0
    /// Requests that found none ready and room for one, and made it.
    public internal(set) var misses = 0
    /// Requests that found all in use, and waited; what came of them is counted besides.
    public internal(set) var waits = 0
    public internal(set) var timeouts = 0
    /// Ready sandboxes that did not answer when somebody was to get them, and were replaced.
    public internal(set) var unhealthy = 0
    public internal(set) var refills = 0
    public internal(set) var refillFailures = 0
    /// How long making the last one took, and all of them, in milliseconds.
    public internal(set) var lastRefillMilliseconds = 0.0
    public internal(set) var refillMilliseconds = 0.0
}
