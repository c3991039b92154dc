import NIOCore

/// A connection to a socket of the sandbox on which nothing was said yet: the way is made before it is needed. It is
/// closed when nobody holds it any more.
public struct GuestLine: Sendable {
    /// Of a dial that was answered; nobody has read from it.
    let lease: ChannelLease

    /// Whether the caller is on its event loop, and the other side is there as far as is known.
    var isUsable: Bool {
        let channel = lease.channel
        guard channel.eventLoop.inEventLoop, channel.isActive else { return false }
        // Without it, somebody has read.
        let handshake = try? channel.pipeline.syncOperations.handler(type: DialHandshake<Void>.self)
        return handshake?.inputIsClosed == false
    }
}
