import NIOCore

/// What an operation may cost the server, and how long it may wait.
public enum GuestClientLimits {
    public static let connectTimeout: TimeAmount = .seconds(5)
    /// For an operation with one reply. Removing or joining big trees takes its time.
    public static let replyTimeout: TimeAmount = .seconds(60)
    /// Read from the guest at once, in bytes: also what is held ahead of a slow reader, besides the frame it is cut
    /// from.
    public static let readBytes = 64 << 10
    /// The same for a file's content, and for an operation with one reply.
    static let fileReadBytes = 256 << 10
    static let replyReadBytes = 4 << 10
    /// Written ahead of a guest that does not read, in bytes.
    static let writeBufferBytes = 512 << 10
    /// What may go along with the question for a socket, in bytes: with it no more than a guest reads at once, so that
    /// one that refuses has read all of it, and its answer is not lost to a connection that was reset.
    static let bytesAlong = 32 << 10
    /// Messages held ahead of the reader before reading from the guest stops.
    static let heldMessages = 1
    /// The first wait before a connection is tried again while the guest's backlog is full; doubles up to the longest.
    static let shortestWait: Duration = .milliseconds(1)
    static let longestWait: Duration = .milliseconds(50)
}
