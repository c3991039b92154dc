import WireCoding

/// Columns and rows of a terminal.
public struct TerminalSize: WireValue, Hashable {
    public var columns: UInt16
    public var rows: UInt16

    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(columns)
        writer.write(rows)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        columns = try reader.integer()
        rows = try reader.integer()
    }
}

/// Which process is meant: by its pid inside the sandbox, or by the tag its starter gave.
public enum ProcessSelector: WireValue, Hashable {
    case pid(UInt32)
    case tag(String)

    public func encode(into writer: inout WireWriter) {
        switch self {
        case .pid(let pid):
            writer.write(UInt8(0))
            writer.write(pid)
        case .tag(let tag):
            writer.write(UInt8(1))
            writer.write(tag)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.integer(UInt8.self) {
        case 0: self = .pid(try reader.integer())
        case 1: self = .tag(try reader.text())
        case let other: throw .unknownTag(other)
        }
    }
}

/// A program to start.
public struct StartProcess: WireValue, Hashable {
    /// What the process's standard input is.
    public enum Input: UInt8, Sendable {
        /// `/dev/null`.
        case none = 0
        /// A pipe that `sendInput`, `streamInput` and `closeInput` feed.
        case pipe = 1
    }

    /// Absolute path, or a name looked up in the process's `PATH`.
    public var command: String
    public var arguments: [String]
    /// Added to the sandbox's own environment; may not override a reserved name.
    public var environment: [WirePair]
    /// Absolute, `~`-relative or relative to the user's home; nil for the sandbox's default.
    public var workingDirectory: String?
    /// A name in the sandbox's `/etc/passwd`; nil for the sandbox's default user.
    public var user: String?
    public var tag: String?
    /// Non-nil gives the process a terminal of that size, and `input` is then the terminal.
    public var terminal: TerminalSize?
    public var input: Input
    /// Milliseconds after which the whole process tree is killed; 0 for no limit.
    public var timeoutMilliseconds: UInt64

    public init(
        command: String, arguments: [String], environment: [WirePair] = [], workingDirectory: String? = nil,
        user: String? = nil, tag: String? = nil, terminal: TerminalSize? = nil, input: Input = .none,
        timeoutMilliseconds: UInt64 = 0
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.tag = tag
        self.terminal = terminal
        self.input = input
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(command)
        writer.write(texts: arguments)
        writer.write(values: environment)
        writer.write(optionalText: workingDirectory)
        writer.write(optionalText: user)
        writer.write(optionalText: tag)
        writer.write(optional: terminal) { $1.encode(into: &$0) }
        writer.write(input.rawValue)
        writer.write(timeoutMilliseconds)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        command = try reader.text()
        arguments = try reader.texts()
        environment = try reader.values()
        workingDirectory = try reader.optionalText()
        user = try reader.optionalText()
        tag = try reader.optionalText()
        terminal = try reader.optional { (reader) throws(WireError) in try TerminalSize(from: &reader) }
        let rawInput = try reader.integer(UInt8.self)
        guard let input = Input(rawValue: rawInput) else { throw .unknownTag(rawInput) }
        self.input = input
        timeoutMilliseconds = try reader.integer()
    }
}

/// Bytes for a process's standard input or terminal.
public struct ProcessInput: WireValue, Hashable {
    public enum Channel: UInt8, Sendable {
        case pipe = 0
        case terminal = 1
    }

    public var channel: Channel
    public var bytes: [UInt8]

    public init(channel: Channel, bytes: [UInt8]) {
        self.channel = channel
        self.bytes = bytes
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(channel.rawValue)
        writer.write(bytes)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let rawChannel = try reader.integer(UInt8.self)
        guard let channel = Channel(rawValue: rawChannel) else { throw .unknownTag(rawChannel) }
        self.channel = channel
        bytes = try reader.blob()
    }
}

/// Bytes a process wrote.
public struct ProcessOutput: WireValue, Hashable {
    public enum Channel: UInt8, Sendable {
        case standardOutput = 0
        case standardError = 1
        case terminal = 2
    }

    public var channel: Channel
    public var bytes: [UInt8]

    public init(channel: Channel, bytes: [UInt8]) {
        self.channel = channel
        self.bytes = bytes
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(channel.rawValue)
        writer.write(bytes)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let rawChannel = try reader.integer(UInt8.self)
        guard let channel = Channel(rawValue: rawChannel) else { throw .unknownTag(rawChannel) }
        self.channel = channel
        bytes = try reader.blob()
    }
}

/// How a process ended. All of its output was sent before.
public struct ProcessExit: WireValue, Hashable {
    /// The exit code; meaningless if `signal` is not 0.
    public var code: Int32
    /// The signal that ended it, or 0.
    public var signal: UInt8
    /// True if the guest killed it because its time was up.
    public var timedOut: Bool

    public init(code: Int32, signal: UInt8 = 0, timedOut: Bool = false) {
        self.code = code
        self.signal = signal
        self.timedOut = timedOut
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(code)
        writer.write(signal)
        writer.write(timedOut)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        code = try reader.integer()
        signal = try reader.integer()
        timedOut = try reader.boolean()
    }
}

/// A running process, as `listProcesses` tells it.
public struct ProcessDescription: WireValue, Hashable {
    public var pid: UInt32
    public var tag: String?
    public var command: String
    public var arguments: [String]
    public var environment: [WirePair]
    public var workingDirectory: String?

    public init(
        pid: UInt32, tag: String?, command: String, arguments: [String], environment: [WirePair],
        workingDirectory: String?
    ) {
        self.pid = pid
        self.tag = tag
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(pid)
        writer.write(optionalText: tag)
        writer.write(command)
        writer.write(texts: arguments)
        writer.write(values: environment)
        writer.write(optionalText: workingDirectory)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        pid = try reader.integer()
        tag = try reader.optionalText()
        command = try reader.text()
        arguments = try reader.texts()
        environment = try reader.values()
        workingDirectory = try reader.optionalText()
    }
}
