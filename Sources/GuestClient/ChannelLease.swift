import NIOCore

/// A channel that is closed when nobody holds it any more.
final class ChannelLease: Sendable {
    let channel: any Channel

    init(_ channel: any Channel) {
        self.channel = channel
    }

    deinit {
        channel.close(promise: nil)
    }
}
