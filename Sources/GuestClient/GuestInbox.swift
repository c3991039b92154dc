import NIOCore

/// The end of an exchange's pipeline: hands the guest's words to one reader, and reads on from the guest only while
/// nothing that it said waits for that reader.
final class GuestInbox: ChannelDuplexHandler {
    typealias InboundIn = GuestMessage
    typealias OutboundIn = ByteBuffer

    let messages: Mailbox<GuestMessage>

    init(_ channel: any Channel) {
        // Comes by `read` below. From any thread.
        messages = Mailbox { channel.read() }
    }

    func read(context: ChannelHandlerContext) {
        if messages.isEmpty { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        messages.deliver(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        messages.fail(GuestClientError(naming: error), dropping: false)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        messages.finish()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        messages.finish()
    }
}
