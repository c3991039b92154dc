import WireCoding

/// The first frame of a connection, and its whole purpose: one connection is one operation.
public enum GuestRequest: Hashable, Sendable {
    /// Reply: `ok`.
    case configure(Configuration)
    /// Replies: `started`, `output`…, `exited`. The process lives on if the connection closes before `exited`.
    case startProcess(StartProcess)
    /// Replies: `started`, then what the process writes from now on as `output`…, `exited`.
    case attachProcess(ProcessSelector)
    /// Reply: `ok` once the bytes are in the pipe.
    case sendInput(ProcessSelector, ProcessInput)
    /// Reply: `ok`; then `GuestFollowUp.input` frames, each taken before the next is read; `end` is answered with `ok`.
    case streamInput(ProcessSelector)
    /// Reply: `ok`. The process reads end of file.
    case closeInput(ProcessSelector)
    /// Reply: `ok`. SIGKILL ends the whole process tree, any other signal goes to the process alone.
    case signal(ProcessSelector, UInt8)
    /// Reply: `ok`.
    case resizeTerminal(ProcessSelector, TerminalSize)
    /// Replies: `process`…, `end`.
    case listProcesses
    /// Reply: `entry`.
    case stat(FilePath)
    /// Replies: `entry`… in lexical order of the walk, `end`.
    case listDirectory(ListDirectory)
    /// Reply: `entry`. Missing parents are made too, owned by the user.
    case makeDirectory(FilePath)
    /// Reply: `entry` of the destination.
    case move(MoveFile)
    /// Reply: `ok`, also if nothing was there. Directories go with all they hold.
    case remove(FilePath)
    /// Replies: `entry`, `bytes`…, `end`.
    case readFile(ReadFile)
    /// Follow-ups: `bytes`…, `end`. Reply: `entry`.
    case writeFile(WriteFile)
    /// Reply: `entry`.
    case composeFiles(ComposeFiles)
    /// Replies: `ok`, `event`….
    case watchDirectory(WatchDirectory)
    /// A TCP port on the sandbox's loopback. Reply: `ok`; from then on the connection carries raw bytes both ways,
    /// each side's end of stream passed on by itself.
    case dial(UInt16)
    /// Reply: `disk`.
    case diskUsage
    /// Reply: `ok`.
    case ping
    /// A unix stream socket below `DialSocket.root`, whose name may still have to appear. Replies as to `dial`;
    /// `connectionRefused` at once if nobody listens behind the name, `notFound` if it has not appeared in time.
    case dialSocket(DialSocket)
    /// A signal for all of a process group; the pid, over 1, is the group's leader's. Reply: `ok`, also if nobody of
    /// the group is there any more.
    case signalGroup(UInt32, UInt8)
}

extension GuestRequest {
    private enum Kind: UInt8 {
        case configure = 0x01
        case startProcess, attachProcess, sendInput, streamInput, closeInput, signal, resizeTerminal, listProcesses
        case stat = 0x10
        case listDirectory, makeDirectory, move, remove, readFile, writeFile, composeFiles, watchDirectory
        case dial = 0x20
        case diskUsage, ping, dialSocket, signalGroup
    }

    public var frame: Frame {
        var writer = WireWriter()
        let kind: Kind
        switch self {
        case .configure(let value): (kind, _) = (.configure, value.encode(into: &writer))
        case .startProcess(let value): (kind, _) = (.startProcess, value.encode(into: &writer))
        case .attachProcess(let value): (kind, _) = (.attachProcess, value.encode(into: &writer))
        case .sendInput(let selector, let input):
            kind = .sendInput
            selector.encode(into: &writer)
            input.encode(into: &writer)
        case .streamInput(let value): (kind, _) = (.streamInput, value.encode(into: &writer))
        case .closeInput(let value): (kind, _) = (.closeInput, value.encode(into: &writer))
        case .signal(let selector, let signal):
            kind = .signal
            selector.encode(into: &writer)
            writer.write(signal)
        case .resizeTerminal(let selector, let size):
            kind = .resizeTerminal
            selector.encode(into: &writer)
            size.encode(into: &writer)
        case .listProcesses: kind = .listProcesses
        case .stat(let value): (kind, _) = (.stat, value.encode(into: &writer))
        case .listDirectory(let value): (kind, _) = (.listDirectory, value.encode(into: &writer))
        case .makeDirectory(let value): (kind, _) = (.makeDirectory, value.encode(into: &writer))
        case .move(let value): (kind, _) = (.move, value.encode(into: &writer))
        case .remove(let value): (kind, _) = (.remove, value.encode(into: &writer))
        case .readFile(let value): (kind, _) = (.readFile, value.encode(into: &writer))
        case .writeFile(let value): (kind, _) = (.writeFile, value.encode(into: &writer))
        case .composeFiles(let value): (kind, _) = (.composeFiles, value.encode(into: &writer))
        case .watchDirectory(let value): (kind, _) = (.watchDirectory, value.encode(into: &writer))
        case .dial(let port): (kind, _) = (.dial, writer.write(port))
        case .diskUsage: kind = .diskUsage
        case .ping: kind = .ping
        case .dialSocket(let value): (kind, _) = (.dialSocket, value.encode(into: &writer))
        case .signalGroup(let pid, let signal):
            kind = .signalGroup
            writer.write(pid)
            writer.write(signal)
        }
        return Frame(kind: kind.rawValue, payload: writer.bytes)
    }

    public init(frame: Frame) throws(WireError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownTag(frame.kind) }
        var reader = WireReader(frame.payload)
        switch kind {
        case .configure: self = .configure(try Configuration(from: &reader))
        case .startProcess: self = .startProcess(try StartProcess(from: &reader))
        case .attachProcess: self = .attachProcess(try ProcessSelector(from: &reader))
        case .sendInput: self = .sendInput(try ProcessSelector(from: &reader), try ProcessInput(from: &reader))
        case .streamInput: self = .streamInput(try ProcessSelector(from: &reader))
        case .closeInput: self = .closeInput(try ProcessSelector(from: &reader))
        case .signal: self = .signal(try ProcessSelector(from: &reader), try reader.integer())
        case .resizeTerminal:
            self = .resizeTerminal(try ProcessSelector(from: &reader), try TerminalSize(from: &reader))
        case .listProcesses: self = .listProcesses
        case .stat: self = .stat(try FilePath(from: &reader))
        case .listDirectory: self = .listDirectory(try ListDirectory(from: &reader))
        case .makeDirectory: self = .makeDirectory(try FilePath(from: &reader))
        case .move: self = .move(try MoveFile(from: &reader))
        case .remove: self = .remove(try FilePath(from: &reader))
        case .readFile: self = .readFile(try ReadFile(from: &reader))
        case .writeFile: self = .writeFile(try WriteFile(from: &reader))
        case .composeFiles: self = .composeFiles(try ComposeFiles(from: &reader))
        case .watchDirectory: self = .watchDirectory(try WatchDirectory(from: &reader))
        case .dial: self = .dial(try reader.integer())
        case .diskUsage: self = .diskUsage
        case .ping: self = .ping
        case .dialSocket: self = .dialSocket(try DialSocket(from: &reader))
        case .signalGroup: self = .signalGroup(try reader.integer(), try reader.integer())
        }
        try reader.finish()
    }
}

/// What the asking side may send after its request.
public enum GuestFollowUp: Hashable, Sendable {
    case input(ProcessInput)
    case bytes([UInt8])
    case end

    private enum Kind: UInt8 {
        case input = 0x40
        case bytes, end
    }

    public var frame: Frame {
        switch self {
        case .input(let input): Frame(kind: Kind.input.rawValue, payload: input.wireBytes)
        case .bytes(let bytes): Frame(kind: Kind.bytes.rawValue, payload: bytes)
        case .end: Frame(kind: Kind.end.rawValue)
        }
    }

    public init(frame: Frame) throws(WireError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownTag(frame.kind) }
        switch kind {
        case .input: self = .input(try ProcessInput(wireBytes: frame.payload))
        case .bytes: self = .bytes(frame.payload)
        case .end:
            guard frame.payload.isEmpty else { throw .trailingBytes(frame.payload.count) }
            self = .end
        }
    }
}
