import WireCoding

/// A unix stream socket of the sandbox to connect to, and how long to wait for its name to appear.
public struct DialSocket: WireValue, Hashable {
    /// What every path begins with: the guest connects to nothing else by name.
    public static let root = "/run/nestbox/"
    /// The longest path, in bytes.
    public static let pathBytes = 1024
    /// The most names below `root`.
    public static let depthLimit = 8
    /// The longest wait, in milliseconds.
    public static let waitLimit: UInt32 = 60_000

    /// Absolute and below `root`, without `.`, `..` or empty names.
    public var path: String
    /// For the name to appear; 0 looks once.
    public var waitMilliseconds: UInt32

    public init(path: String, waitMilliseconds: UInt32 = 0) {
        self.path = path
        self.waitMilliseconds = waitMilliseconds
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(path)
        writer.write(waitMilliseconds)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        path = try reader.text(limit: Self.pathBytes)
        waitMilliseconds = try reader.integer()
    }
}
