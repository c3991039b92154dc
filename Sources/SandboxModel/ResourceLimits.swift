/// How much of the host one sandbox may use. Each is a hard limit.
public struct ResourceLimits: Sendable, Hashable {
    public static let cpuCountRange = 1...32
    public static let memoryMiBRange = 64...(1 << 20)
    public static let diskMiBRange = 16...(1 << 20)
    public static let inodesRange = 1024...(1 << 24)
    public static let processesRange = 8...32_768
    public static let openFilesRange = 64...1_048_576

    public let cpuCount: Int
    public let memoryMiB: Int
    public let diskMiB: Int
    public let inodes: Int
    public let processes: Int
    /// Per process.
    public let openFiles: Int

    public init(
        cpuCount: Int, memoryMiB: Int, diskMiB: Int, inodes: Int, processes: Int = 1024, openFiles: Int = 16_384
    ) throws(SpecError) {
        self.cpuCount = try Self.checked(cpuCount, "cpuCount", Self.cpuCountRange)
        self.memoryMiB = try Self.checked(memoryMiB, "memoryMB", Self.memoryMiBRange)
        self.diskMiB = try Self.checked(diskMiB, "diskMiB", Self.diskMiBRange)
        self.inodes = try Self.checked(inodes, "inodes", Self.inodesRange)
        self.processes = try Self.checked(processes, "processes", Self.processesRange)
        self.openFiles = try Self.checked(openFiles, "openFiles", Self.openFilesRange)
    }

    private static func checked(
        _ value: Int, _ field: String, _ allowed: ClosedRange<Int>
    ) throws(SpecError) -> Int {
        guard allowed.contains(value) else { throw .outOfRange(field: field, value: value, allowed: allowed) }
        return value
    }
}
