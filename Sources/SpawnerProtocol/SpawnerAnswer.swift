import WireCoding

/// One datagram from the spawner. `number` is the request's, or 0 for what it says unasked (`ended`,
/// `zygoteEnded`).
public struct SpawnerAnswer: WireValue, Hashable {
    public enum Content: Hashable, Sendable {
        /// `bootID` names the spawner's life: another value means that it was started anew.
        case welcome(protocolVersion: UInt32, bootID: String)
        case created
        case done
        case failed(SpawnFailure)
        case sandboxes([RunningSandboxDescription], isLast: Bool)
        case usage(SandboxUsage)
        /// The sandbox is gone: processes, cgroups, mounts, namespaces and files.
        case ended(sandboxID: String, SandboxEnd)
        /// A fork of the zygote is a process of the sandbox: its number there, as the zygote tells it.
        case landed(pid: UInt32)
        /// The family's zygote is gone, whoever ended it; its last `land` has been answered.
        case zygoteEnded(family: String)
    }

    public var number: UInt64
    public var content: Content

    public init(number: UInt64, content: Content) {
        self.number = number
        self.content = content
    }

    private enum Tag: UInt8 {
        case welcome = 1
        case created, done, failed, sandboxes, usage, ended, landed, zygoteEnded
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(number)
        switch content {
        case .welcome(let version, let bootID):
            writer.write(Tag.welcome.rawValue)
            writer.write(version)
            writer.write(bootID)
        case .created:
            writer.write(Tag.created.rawValue)
        case .done:
            writer.write(Tag.done.rawValue)
        case .failed(let failure):
            writer.write(Tag.failed.rawValue)
            failure.encode(into: &writer)
        case .sandboxes(let sandboxes, let isLast):
            writer.write(Tag.sandboxes.rawValue)
            writer.write(values: sandboxes)
            writer.write(isLast)
        case .usage(let usage):
            writer.write(Tag.usage.rawValue)
            usage.encode(into: &writer)
        case .ended(let id, let end):
            writer.write(Tag.ended.rawValue)
            writer.write(id)
            writer.write(end.rawValue)
        case .landed(let pid):
            writer.write(Tag.landed.rawValue)
            writer.write(pid)
        case .zygoteEnded(let family):
            writer.write(Tag.zygoteEnded.rawValue)
            writer.write(family)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        number = try reader.integer()
        let rawTag = try reader.integer(UInt8.self)
        guard let tag = Tag(rawValue: rawTag) else { throw .unknownTag(rawTag) }
        switch tag {
        case .welcome: content = .welcome(protocolVersion: try reader.integer(), bootID: try reader.text())
        case .created: content = .created
        case .done: content = .done
        case .failed: content = .failed(try SpawnFailure(from: &reader))
        case .sandboxes: content = .sandboxes(try reader.values(), isLast: try reader.boolean())
        case .usage: content = .usage(try SandboxUsage(from: &reader))
        case .ended:
            let id = try reader.text()
            let rawEnd = try reader.integer(UInt8.self)
            guard let end = SandboxEnd(rawValue: rawEnd) else { throw .unknownTag(rawEnd) }
            content = .ended(sandboxID: id, end)
        case .landed: content = .landed(pid: try reader.integer())
        case .zygoteEnded: content = .zygoteEnded(family: try reader.text(limit: 128))
        }
    }
}

/// Why a sandbox is no more.
public enum SandboxEnd: UInt8, Sendable {
    /// `destroy` was asked for.
    case destroyed = 1
    /// Its deadline passed.
    case expired = 2
    /// The kernel killed its first process for want of memory.
    case outOfMemory = 3
    /// Its first process ended by itself, which an honest guest never does.
    case guestExited = 4
}

/// Which step of which request failed, and how.
public struct SpawnFailure: Error, WireValue, Hashable {
    public enum Code: UInt8, Sendable {
        /// The request says something that the spawner does not allow.
        case refused = 1
        /// No such sandbox.
        case notFound = 2
        /// A sandbox of this id is there already.
        case exists = 3
        /// A limit of the host or of the spawner is reached.
        case exhausted = 4
        /// The kernel refused a step.
        case kernel = 5
    }

    public var code: Code
    /// The step, in words such as `mount overlay`; the field, for `refused`.
    public var step: String
    /// errno, or 0.
    public var errorNumber: Int32
    public var message: String

    public init(_ code: Code, step: String, errorNumber: Int32 = 0, message: String) {
        self.code = code
        self.step = step
        self.errorNumber = errorNumber
        self.message = message
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(code.rawValue)
        writer.write(step)
        writer.write(errorNumber)
        writer.write(message)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let rawCode = try reader.integer(UInt8.self)
        guard let code = Code(rawValue: rawCode) else { throw .unknownTag(rawCode) }
        self.code = code
        step = try reader.text()
        errorNumber = try reader.integer()
        message = try reader.text()
    }
}

/// A sandbox that the spawner holds.
public struct RunningSandboxDescription: WireValue, Hashable {
    public var sandboxID: String
    /// The first process, in the host's numbers.
    public var hostPid: Int32
    /// 0 if the spawner found the sandbox after a restart and was not told yet; such a sandbox has no deadline.
    public var deadlineMilliseconds: Int64

    public init(sandboxID: String, hostPid: Int32, deadlineMilliseconds: Int64) {
        self.sandboxID = sandboxID
        self.hostPid = hostPid
        self.deadlineMilliseconds = deadlineMilliseconds
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(sandboxID)
        writer.write(hostPid)
        writer.write(deadlineMilliseconds)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        sandboxID = try reader.text()
        hostPid = try reader.integer()
        deadlineMilliseconds = try reader.integer()
    }
}

/// What a sandbox's cgroups say.
public struct SandboxUsage: WireValue, Hashable {
    public var cpuMicroseconds: UInt64
    public var memoryBytes: UInt64
    /// Of `memoryBytes`, what is page cache and could be dropped.
    public var cacheBytes: UInt64
    public var memoryLimitBytes: UInt64
    public var processes: UInt32
    /// How often the kernel killed for want of memory in it.
    public var outOfMemoryKills: UInt64

    public init(
        cpuMicroseconds: UInt64, memoryBytes: UInt64, cacheBytes: UInt64, memoryLimitBytes: UInt64,
        processes: UInt32, outOfMemoryKills: UInt64
    ) {
        self.cpuMicroseconds = cpuMicroseconds
        self.memoryBytes = memoryBytes
        self.cacheBytes = cacheBytes
        self.memoryLimitBytes = memoryLimitBytes
        self.processes = processes
        self.outOfMemoryKills = outOfMemoryKills
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(cpuMicroseconds)
        writer.write(memoryBytes)
        writer.write(cacheBytes)
        writer.write(memoryLimitBytes)
        writer.write(processes)
        writer.write(outOfMemoryKills)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        cpuMicroseconds = try reader.integer()
        memoryBytes = try reader.integer()
        cacheBytes = try reader.integer()
        memoryLimitBytes = try reader.integer()
        processes = try reader.integer()
        outOfMemoryKills = try reader.integer()
    }
}
