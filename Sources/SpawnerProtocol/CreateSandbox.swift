import WireCoding

/// A sandbox to make, in the only words the spawner knows. Everything here is checked again by the spawner: names
/// against `[a-z0-9-]`, digests against `[0-9a-f]`, numbers against its own limits. No path of the host is in it.
public struct CreateSandbox: WireValue, Hashable {
    public var sandboxID: String
    /// The template's name or id; it stands in `/run/e2b/.E2B_TEMPLATE_ID` inside.
    public var templateID: String
    /// Sandboxes with the same family share a user namespace's parent and a pid namespace's parent: one family per
    /// tenant and template.
    public var family: String
    public var hostname: String
    /// Lowest first: SHA-256 of the sealed layers, as 64 hexadecimal digits.
    public var layers: [String]
    public var limits: SpawnLimits
    /// False only where the template asks for it (sudo inside).
    public var noNewPrivileges: Bool
    /// Milliseconds since 1970 at which the spawner ends the sandbox by itself.
    public var deadlineMilliseconds: Int64

    public init(
        sandboxID: String, templateID: String, family: String, hostname: String, layers: [String],
        limits: SpawnLimits, noNewPrivileges: Bool, deadlineMilliseconds: Int64
    ) {
        self.sandboxID = sandboxID
        self.templateID = templateID
        self.family = family
        self.hostname = hostname
        self.layers = layers
        self.limits = limits
        self.noNewPrivileges = noNewPrivileges
        self.deadlineMilliseconds = deadlineMilliseconds
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(sandboxID)
        writer.write(templateID)
        writer.write(family)
        writer.write(hostname)
        writer.write(texts: layers)
        limits.encode(into: &writer)
        writer.write(noNewPrivileges)
        writer.write(deadlineMilliseconds)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        sandboxID = try reader.text(limit: 64)
        templateID = try reader.text(limit: 128)
        family = try reader.text(limit: 128)
        hostname = try reader.text(limit: 64)
        layers = try reader.texts()
        limits = try SpawnLimits(from: &reader)
        noNewPrivileges = try reader.boolean()
        deadlineMilliseconds = try reader.integer()
    }
}

/// The hard limits of one sandbox, in the kernel's units.
public struct SpawnLimits: WireValue, Hashable {
    public var memoryBytes: UInt64
    /// Thousandths of a core.
    public var cpuMilli: UInt32
    public var processes: UInt32
    public var openFiles: UInt32
    public var diskBytes: UInt64
    public var diskInodes: UInt64

    public init(
        memoryBytes: UInt64, cpuMilli: UInt32, processes: UInt32, openFiles: UInt32, diskBytes: UInt64,
        diskInodes: UInt64
    ) {
        self.memoryBytes = memoryBytes
        self.cpuMilli = cpuMilli
        self.processes = processes
        self.openFiles = openFiles
        self.diskBytes = diskBytes
        self.diskInodes = diskInodes
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(memoryBytes)
        writer.write(cpuMilli)
        writer.write(processes)
        writer.write(openFiles)
        writer.write(diskBytes)
        writer.write(diskInodes)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        memoryBytes = try reader.integer()
        cpuMilli = try reader.integer()
        processes = try reader.integer()
        openFiles = try reader.integer()
        diskBytes = try reader.integer()
        diskInodes = try reader.integer()
    }
}
