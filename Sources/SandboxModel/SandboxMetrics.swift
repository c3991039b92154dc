/// What a sandbox uses at one moment.
public struct SandboxMetrics: Sendable, Hashable {
    public var at: Timestamp
    public var cpuCount: Int
    /// 100 is one whole core.
    public var cpuUsedPercent: Double
    public var memoryUsedBytes: Int64
    public var memoryTotalBytes: Int64
    public var memoryCacheBytes: Int64
    public var diskUsedBytes: Int64
    public var diskTotalBytes: Int64

    public init(
        at: Timestamp, cpuCount: Int, cpuUsedPercent: Double, memoryUsedBytes: Int64, memoryTotalBytes: Int64,
        memoryCacheBytes: Int64, diskUsedBytes: Int64, diskTotalBytes: Int64
    ) {
        self.at = at
        self.cpuCount = cpuCount
        self.cpuUsedPercent = cpuUsedPercent
        self.memoryUsedBytes = memoryUsedBytes
        self.memoryTotalBytes = memoryTotalBytes
        self.memoryCacheBytes = memoryCacheBytes
        self.diskUsedBytes = diskUsedBytes
        self.diskTotalBytes = diskTotalBytes
    }
}
