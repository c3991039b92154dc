/// The limits that every decoder holds its peer to.
public enum WireLimits {
    /// Largest payload of one frame, and of one text or blob in it, in bytes.
    public static let payloadBytes = 1 << 20
    /// Most elements of one list (arguments, environment, groups).
    public static let listCount = 4096
    /// What a sender puts into one frame of a byte stream, in bytes: the size of a pipe.
    public static let chunkBytes = 64 << 10
}
