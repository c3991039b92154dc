import WireCoding

/// What a sandbox is told once, before its first process. May be repeated; the last one holds.
public struct Configuration: WireValue, Hashable {
    /// The environment of every process that does not say otherwise.
    public var environment: [WirePair]
    /// Variables that no request may override.
    public var reservedEnvironment: [WirePair]
    public var defaultUser: String
    /// nil for the user's home.
    public var defaultWorkingDirectory: String?

    public init(
        environment: [WirePair], reservedEnvironment: [WirePair], defaultUser: String,
        defaultWorkingDirectory: String? = nil
    ) {
        self.environment = environment
        self.reservedEnvironment = reservedEnvironment
        self.defaultUser = defaultUser
        self.defaultWorkingDirectory = defaultWorkingDirectory
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(values: environment)
        writer.write(values: reservedEnvironment)
        writer.write(defaultUser)
        writer.write(optionalText: defaultWorkingDirectory)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        environment = try reader.values()
        reservedEnvironment = try reader.values()
        defaultUser = try reader.text()
        defaultWorkingDirectory = try reader.optionalText()
    }
}

/// What only the inside knows of a sandbox's use of its disk; memory and CPU are read outside, from its cgroups.
public struct DiskUsage: WireValue, Hashable {
    public var usedBytes: UInt64
    public var totalBytes: UInt64

    public init(usedBytes: UInt64, totalBytes: UInt64) {
        self.usedBytes = usedBytes
        self.totalBytes = totalBytes
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(usedBytes)
        writer.write(totalBytes)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        usedBytes = try reader.integer()
        totalBytes = try reader.integer()
    }
}

/// Why the guest refused or could not do what was asked.
public struct GuestFailure: Error, WireValue, Hashable {
    public enum Code: UInt8, Sendable {
        case invalidArgument = 1
        case notFound = 2
        case alreadyExists = 3
        case permissionDenied = 4
        case noSpace = 5
        /// The user is not in the sandbox's `/etc/passwd`.
        case unknownUser = 6
        /// The process has a terminal where a pipe was meant, or the reverse.
        case wrongChannel = 7
        case notSupported = 8
        /// Out of processes, descriptors or memory.
        case resourceExhausted = 9
        /// Nobody listens on the dialled port.
        case connectionRefused = 10
        case other = 255
    }

    public var code: Code
    /// errno, or 0.
    public var errorNumber: Int32
    /// A sentence for the client.
    public var message: String

    public init(_ code: Code, _ message: String, errorNumber: Int32 = 0) {
        self.code = code
        self.errorNumber = errorNumber
        self.message = message
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(code.rawValue)
        writer.write(errorNumber)
        writer.write(message)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let rawCode = try reader.integer(UInt8.self)
        guard let code = Code(rawValue: rawCode) else { throw .unknownTag(rawCode) }
        self.code = code
        errorNumber = try reader.integer()
        message = try reader.text()
    }
}
