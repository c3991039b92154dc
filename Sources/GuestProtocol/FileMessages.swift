import WireCoding

/// A path and the user for whom it is resolved: absolute, `~`, or relative to that user's home.
public struct FilePath: WireValue, Hashable {
    public var path: String
    /// A name in the sandbox's `/etc/passwd`; nil for the sandbox's default user.
    public var user: String?

    public init(_ path: String, user: String? = nil) {
        self.path = path
        self.user = user
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(path)
        writer.write(optionalText: user)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try reader.text()
        user = try reader.optionalText()
    }
}

/// What is at a path, in the words of lstat(2); for a symbolic link `kind` and `mode` are its target's.
public struct FileEntry: WireValue, Hashable {
    public enum Kind: UInt8, Sendable {
        case other = 0
        case file = 1
        case directory = 2
        case symbolicLink = 3
    }

    public var name: String
    public var path: String
    public var kind: Kind
    public var isSymbolicLink: Bool
    public var size: Int64
    /// Permission bits only, e.g. 0o644.
    public var mode: UInt32
    /// The mode bits of the entry itself with its type, as in `st_mode`.
    public var ownMode: UInt32
    public var owner: String
    public var group: String
    /// Nanoseconds since 1970.
    public var modifiedNanoseconds: Int64
    /// Fully resolved target of a symbolic link.
    public var symlinkTarget: String?
    /// The `user.e2b.*` extended attributes, without that prefix.
    public var metadata: [WirePair]

    public init(
        name: String, path: String, kind: Kind, isSymbolicLink: Bool, size: Int64, mode: UInt32, ownMode: UInt32,
        owner: String, group: String, modifiedNanoseconds: Int64, symlinkTarget: String?, metadata: [WirePair]
    ) {
        self.name = name
        self.path = path
        self.kind = kind
        self.isSymbolicLink = isSymbolicLink
        self.size = size
        self.mode = mode
        self.ownMode = ownMode
        self.owner = owner
        self.group = group
        self.modifiedNanoseconds = modifiedNanoseconds
        self.symlinkTarget = symlinkTarget
        self.metadata = metadata
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(name)
        writer.write(path)
        writer.write(kind.rawValue)
        writer.write(isSymbolicLink)
        writer.write(size)
        writer.write(mode)
        writer.write(ownMode)
        writer.write(owner)
        writer.write(group)
        writer.write(modifiedNanoseconds)
        writer.write(optionalText: symlinkTarget)
        writer.write(values: metadata)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        name = try reader.text()
        path = try reader.text()
        let rawKind = try reader.integer(UInt8.self)
        guard let kind = Kind(rawValue: rawKind) else { throw .unknownTag(rawKind) }
        self.kind = kind
        isSymbolicLink = try reader.boolean()
        size = try reader.integer()
        mode = try reader.integer()
        ownMode = try reader.integer()
        owner = try reader.text()
        group = try reader.text()
        modifiedNanoseconds = try reader.integer()
        symlinkTarget = try reader.optionalText()
        metadata = try reader.values()
    }
}

public struct ListDirectory: WireValue, Hashable {
    public var path: FilePath
    /// Levels to descend; 0 means 1.
    public var depth: UInt32

    public init(path: FilePath, depth: UInt32) {
        self.path = path
        self.depth = depth
    }

    public func encode(into writer: inout WireWriter) {
        path.encode(into: &writer)
        writer.write(depth)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try FilePath(from: &reader)
        depth = try reader.integer()
    }
}

/// Source and destination, both resolved for the user of `source`.
public struct MoveFile: WireValue, Hashable {
    public var source: FilePath
    public var destination: String

    public init(source: FilePath, destination: String) {
        self.source = source
        self.destination = destination
    }

    public func encode(into writer: inout WireWriter) {
        source.encode(into: &writer)
        writer.write(destination)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        source = try FilePath(from: &reader)
        destination = try reader.text()
    }
}

/// A file to read: the reply is `entry`, then `bytes` frames, then `end`.
public struct ReadFile: WireValue, Hashable {
    public var path: FilePath
    public var offset: UInt64
    /// At most so many bytes; nil for all.
    public var length: UInt64?

    public init(path: FilePath, offset: UInt64 = 0, length: UInt64? = nil) {
        self.path = path
        self.offset = offset
        self.length = length
    }

    public func encode(into writer: inout WireWriter) {
        path.encode(into: &writer)
        writer.write(offset)
        writer.write(optional: length) { $0.write($1) }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try FilePath(from: &reader)
        offset = try reader.integer()
        length = try reader.optional { (reader) throws(WireError) in try reader.integer(UInt64.self) }
    }
}

/// A file to write: `bytes` frames follow, then `end`; the reply is `entry`. Missing parents are made, owned by the
/// user; an existing file is truncated; a connection that closes before `end` leaves what was written so far.
public struct WriteFile: WireValue, Hashable {
    public var path: FilePath
    /// Replaces the file's `user.e2b.*` attributes.
    public var metadata: [WirePair]

    public init(path: FilePath, metadata: [WirePair] = []) {
        self.path = path
        self.metadata = metadata
    }

    public func encode(into writer: inout WireWriter) {
        path.encode(into: &writer)
        writer.write(values: metadata)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try FilePath(from: &reader)
        metadata = try reader.values()
    }
}

/// Files to join into one; the sources are removed.
public struct ComposeFiles: WireValue, Hashable {
    public var sources: [String]
    public var destination: FilePath

    public init(sources: [String], destination: FilePath) {
        self.sources = sources
        self.destination = destination
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(texts: sources)
        destination.encode(into: &writer)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        sources = try reader.texts()
        destination = try FilePath(from: &reader)
    }
}

/// A directory to watch: the reply is `ok`, then `event` frames until the connection closes.
public struct WatchDirectory: WireValue, Hashable {
    public var path: FilePath
    public var isRecursive: Bool
    public var includesEntry: Bool
    public var allowsNetworkMounts: Bool

    public init(path: FilePath, isRecursive: Bool, includesEntry: Bool, allowsNetworkMounts: Bool) {
        self.path = path
        self.isRecursive = isRecursive
        self.includesEntry = includesEntry
        self.allowsNetworkMounts = allowsNetworkMounts
    }

    public func encode(into writer: inout WireWriter) {
        path.encode(into: &writer)
        writer.write(isRecursive)
        writer.write(includesEntry)
        writer.write(allowsNetworkMounts)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try FilePath(from: &reader)
        isRecursive = try reader.boolean()
        includesEntry = try reader.boolean()
        allowsNetworkMounts = try reader.boolean()
    }
}

/// One change under a watched directory.
public struct FileEvent: WireValue, Hashable {
    public enum Kind: UInt8, Sendable {
        case create = 1
        case write = 2
        case remove = 3
        case rename = 4
        case chmod = 5
    }

    public var kind: Kind
    /// Relative to the watched directory.
    public var name: String
    public var entry: FileEntry?

    public init(kind: Kind, name: String, entry: FileEntry?) {
        self.kind = kind
        self.name = name
        self.entry = entry
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(kind.rawValue)
        writer.write(name)
        writer.write(optional: entry) { $1.encode(into: &$0) }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let rawKind = try reader.integer(UInt8.self)
        guard let kind = Kind(rawValue: rawKind) else { throw .unknownTag(rawKind) }
        self.kind = kind
        name = try reader.text()
        entry = try reader.optional { (reader) throws(WireError) in try FileEntry(from: &reader) }
    }
}
