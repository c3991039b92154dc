/// Which pool: sandboxes that are ready belong to their tenant from birth, and to one template.
public struct PoolKey: Sendable, Hashable {
    public let tenant: TenantID
    public let templateID: String

    public init(tenant: TenantID, templateID: String) {
        self.tenant = tenant
        self.templateID = templateID
    }
}

/// How many sandboxes of one template a tenant wants ready, and how many there may be at all.
public struct PoolSettings: Sendable, Hashable {
    public static let minimumRange = 0...1024
    public static let maximumRange = 1...4096
    /// In milliseconds.
    public static let acquireTimeoutRange = 0...300_000
    public static let defaultAcquireTimeout = 10_000

    /// Kept ready.
    public let minimum: Int
    /// Of ready ones, those being made, and those handed out and still alive.
    public let maximum: Int
    /// How long a request may wait while `maximum` are in use.
    public let acquireTimeoutMilliseconds: Int

    public var acquireTimeout: Duration { .milliseconds(acquireTimeoutMilliseconds) }

    /// - Throws: `SpecError` naming `min`, `max` or `acquireTimeoutMs`.
    public init(
        minimum: Int, maximum: Int, acquireTimeoutMilliseconds: Int = PoolSettings.defaultAcquireTimeout
    ) throws(SpecError) {
        guard Self.maximumRange.contains(maximum) else {
            throw .outOfRange(field: "max", value: maximum, allowed: Self.maximumRange)
        }
        let allowed = Self.minimumRange.lowerBound...min(maximum, Self.minimumRange.upperBound)
        guard allowed.contains(minimum) else { throw .outOfRange(field: "min", value: minimum, allowed: allowed) }
        guard Self.acquireTimeoutRange.contains(acquireTimeoutMilliseconds) else {
            throw .outOfRange(
                field: "acquireTimeoutMs", value: acquireTimeoutMilliseconds, allowed: Self.acquireTimeoutRange)
        }
        self.minimum = minimum
        self.maximum = maximum
        self.acquireTimeoutMilliseconds = acquireTimeoutMilliseconds
    }
}
