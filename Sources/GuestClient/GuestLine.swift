import NIOCore

/// A connection to a socket of the sandbox on which nothing was said yet: the way is made before it is needed. It is
/// closed when nobody holds it any more.
public final class GuestLine: Sendable {
    let channel: any Channel

    /// - Parameter channel: of a dial that was answered; nobody has read from it.
    init(_ channel: any Channel) {
        self.channel = channel
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Whether the caller is on its event loop, and the other side is there as far as is known.
    var isUsable: Bool {
        guard channel.eventLoop.inEventLoop, channel.isActive else { return false }
        // Without it, somebody has read.
        let handshake = try? channel.pipeline.syncOperations.handler(type: DialHandshake<Void>.self)
        return handshake?.inputIsClosed == false
    }
}
