/// What one sandbox may use at most. `nil` sets no limit of that kind. Swap is always off.
public struct CgroupLimits: Sendable, Hashable {
    public var memoryBytes: UInt64?
    /// Thousandths of a core. The kernel refuses less than ten.
    public var cpuMilli: UInt32?
    /// Threads count, as the kernel counts them.
    public var processes: UInt32?

    public init(memoryBytes: UInt64?, cpuMilli: UInt32?, processes: UInt32?) {
        self.memoryBytes = memoryBytes
        self.cpuMilli = cpuMilli
        self.processes = processes
    }

    /// Where the kernel counts what TCP and UDP sockets hold for itself (cgroup v1), they may hold a part of the memory
    /// that is this many times smaller, on top of it. Sockets that reach it go on, slowly.
    static let socketShare: UInt64 = 8

    /// The period over which the CPU quota is counted: the kernel's default.
    static let periodMicroseconds: UInt64 = 100_000

    var quotaMicroseconds: UInt64? { cpuMilli.map { UInt64($0) * Self.periodMicroseconds / 1000 } }

    /// The controllers that these limits need.
    public var controllers: Set<CgroupController> {
        var needed: Set<CgroupController> = []
        if memoryBytes != nil { needed.insert(.memory) }
        if cpuMilli != nil { needed.insert(.cpu) }
        if processes != nil { needed.insert(.pids) }
        return needed
    }
}

/// What one sandbox uses now, and how often it ran into its memory limit.
public struct CgroupUsage: Sendable, Hashable {
    public var cpuMicroseconds: UInt64 = 0
    public var memoryBytes: UInt64 = 0
    /// The part of `memoryBytes` that is page cache.
    public var cacheBytes: UInt64 = 0
    /// `UInt64.max` where there is none.
    public var memoryLimitBytes: UInt64 = .max
    public var processes: UInt32 = 0
    /// Processes that the kernel killed because this sandbox was out of memory.
    public var outOfMemoryKills: UInt64 = 0

    public init() {}
}
