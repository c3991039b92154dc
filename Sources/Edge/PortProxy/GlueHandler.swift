import NIOCore

/// One half of a pair that copies bytes between two channels of one event loop. Neither half reads while the other's
/// channel does not take more; when one channel ends, the other ends after what it was given is written.
final class GlueHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let stallTimeout: TimeAmount
    /// nil once either channel is gone, which breaks the cycle.
    private var partner: GlueHandler?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false

    private init(stallTimeout: TimeAmount) {
        self.stallTimeout = stallTimeout
    }

    /// - Parameter stallTimeout: how long the last bytes may take to be read by whom they are for.
    static func pair(stallTimeout: TimeAmount) -> (GlueHandler, GlueHandler) {
        let (one, other) = (GlueHandler(stallTimeout: stallTimeout), GlueHandler(stallTimeout: stallTimeout))
        one.partner = other
        other.partner = one
        return (one, other)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if !context.channel.isActive { part() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        part()
    }

    func read(context: ChannelHandlerContext) {
        guard let partner, partner.mayTakeMore else {
            isReadHeld = true
            return
        }
        isReadHeld = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Flushed at once: what a parser left over comes without a read's completion.
        partner?.context?.writeAndFlush(data, promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.releaseRead() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Who has said all is taken to be done, in either direction.
        if case .inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        part()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private var mayTakeMore: Bool {
        context?.channel.isWritable ?? false
    }

    private func releaseRead() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    private func part() {
        guard let partner = partner.take() else { return }
        partner.partner = nil
        partner.closeWhenWritten()
    }

    private func closeWhenWritten() {
        guard let context else { return }
        let channel = context.channel
        context.eventLoop.scheduleTask(in: stallTimeout) { channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }
}
