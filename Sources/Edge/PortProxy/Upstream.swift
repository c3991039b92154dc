import GuestClient
import NIOCore
import NIOHTTP1
import Synchronization

/// One HTTP/1.1 connection to a server in a sandbox, for one request. Whoever opened it closes it.
struct Upstream: Sendable {
    let channel: any Channel
    /// The response: one head, parts, one end. Fails if what the server says is not HTTP.
    let parts: Mailbox<HTTPClientResponsePart>
    private let handlers: NIOLoopBound<Handlers>

    struct Handlers {
        let encoder: HTTPRequestEncoder
        let decoder: ByteToMessageHandler<HTTPResponseDecoder>
        let receiver: UpstreamHandler
    }

    /// Opens a connection and puts HTTP on it before anything is read.
    /// - Parameter dial: opens one that does not read by itself, and has the handlers added on its event loop before
    ///   its first byte or its end is delivered.
    static func opened(
        limits: EdgeLimits,
        dial: (@escaping @Sendable (any Channel) throws -> Void) async throws -> any Channel
    ) async throws -> Upstream {
        let opened = Mutex<Upstream?>(nil)
        let channel = try await dial { channel in
            let upstream = try Upstream(channel, limits)
            opened.withLock { $0 = upstream }
        }
        guard let upstream = opened.withLock({ $0 }) else {
            channel.close(promise: nil)
            throw ChannelError.inappropriateOperationForState
        }
        // From now on the receiver says when something is read.
        try await channel.setOption(.autoRead, value: true).get()
        return upstream
    }

    /// On the channel's event loop.
    private init(_ channel: any Channel, _ limits: EdgeLimits) throws {
        let eventLoop = channel.eventLoop
        let receiver = UpstreamHandler()
        let boundReceiver = NIOLoopBound(receiver, eventLoop: eventLoop)
        let parts = Mailbox<HTTPClientResponsePart> { eventLoop.execute { boundReceiver.value.partsWereDemanded() } }
        receiver.parts = parts
        var encoding = HTTPRequestEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        var limited = NIOHTTPDecoderLimitConfiguration()
        limited.maxHeaderFieldSize = limits.headerBytes
        limited.maxHeaderListSize = limits.headBytes
        limited.maxHeaderFieldCount = limits.headerCount
        let handlers = Handlers(
            encoder: HTTPRequestEncoder(configuration: encoding),
            decoder: ByteToMessageHandler(
                HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limited)),
            receiver: receiver)
        try channel.pipeline.syncOperations.addHandlers([handlers.encoder, handlers.decoder, receiver])
        self.channel = channel
        self.parts = parts
        self.handlers = NIOLoopBound(handlers, eventLoop: eventLoop)
    }

    /// Returns once the transport has taken it.
    func send(_ part: HTTPClientRequestPart) async throws {
        try await channel.writeAndFlush(part)
    }

    func close() {
        channel.close(promise: nil)
    }

    /// Takes HTTP out of the pipeline and puts `heir` in; what the server sent ahead goes to `heir`. On the event loop.
    func becomeRaw(_ heir: any ChannelHandler) {
        let pipeline = channel.pipeline.syncOperations
        do {
            try pipeline.addHandler(heir)
        } catch {
            close()
            return
        }
        let channel = channel
        pipeline.removeHandler(handlers.value.receiver, promise: nil)
        pipeline.removeHandler(handlers.value.encoder, promise: nil)
        pipeline.removeHandler(handlers.value.decoder).whenComplete { _ in channel.read() }
    }
}

/// Hands an upstream's response to a task, reading no more than it asks for. Fields belong to the event loop.
final class UpstreamHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Set before the handler is added.
    var parts: Mailbox<HTTPClientResponsePart>?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    /// After a 101 nothing is read until somebody else stands here.
    private var isSwitching = false

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func read(context: ChannelHandlerContext) {
        isReadHeld = isSwitching || parts?.isDemanded != true
        if !isReadHeld { context.read() }
    }

    func partsWereDemanded() {
        guard isReadHeld, !isSwitching else { return }
        isReadHeld = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .head(let head) = part, head.status == .switchingProtocols { isSwitching = true }
        parts?.deliver(part)
        if case .end = part { parts?.finish() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        parts?.fail(error)
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { parts?.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        parts?.finish()
        context.fireChannelInactive()
    }
}
