import GuestProtocol
import NIOCore
import NIOPosix

extension GuestClient {
    /// Connects to a TCP port on the sandbox's loopback.
    /// - Parameter addHandlers: runs on `eventLoop` as soon as the port has answered, so that handlers added there miss
    ///   nothing, not even the end of a peer that speaks and leaves at once.
    /// - Returns: a channel on `eventLoop` that carries raw bytes, `autoRead` off, each side's end of stream passed on
    ///   by itself (`ChannelEvent.inputClosed`; `close(mode: .output)`). Bytes that came before the first `read()` are
    ///   delivered by it, to whatever handlers were added until then. The caller closes it.
    /// - Throws: `failure` with `connectionRefused` if nobody listens on the port.
    public func dial(
        port: UInt16, socketPath: String, on eventLoop: any EventLoop,
        addHandlers: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws(GuestClientError) -> any Channel {
        let bootstrap = Self.bootstrap(on: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
        let (channel, answer) = try await GuestSocket(path: socketPath).connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handshake = DialHandshake(eventLoop: channel.eventLoop, addHandlers: addHandlers)
                    try channel.pipeline.syncOperations.addHandler(handshake)
                    return (channel, handshake.result)
                }
            }
        }
        do {
            try await withTaskCancellationHandler {
                channel.writeAndFlush(Self.buffer(GuestRequest.dial(port).frame, channel.allocator), promise: nil)
                channel.read()
                try await answer.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            return channel
        } catch {
            channel.close(promise: nil)
            throw Task.isCancelled ? .cancelled : GuestClientError(naming: error)
        }
    }
}

/// Takes the guest's answer to `dial`, then holds what comes behind it until somebody reads, and leaves the pipeline.
final class DialHandshake: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    let result: EventLoopFuture<Void>
    private let promise: EventLoopPromise<Void>
    private let addHandlers: @Sendable (any Channel) throws -> Void
    private var isAnswered = false
    private var received = ByteBuffer()
    private var inputIsClosed = false
    private var deadline: Scheduled<Void>?

    init(eventLoop: any EventLoop, addHandlers: @escaping @Sendable (any Channel) throws -> Void) {
        promise = eventLoop.makePromise()
        result = promise.futureResult
        self.addHandlers = addHandlers
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: GuestClientLimits.connectTimeout) {
            let (handler, context) = bound.value
            handler.fail(.timedOut(.awaitingReply), context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        guard !isAnswered else { return }
        do {
            var decoder = GuestMessageDecoder()
            switch try decoder.next(from: &received) {
            case .reply(.ok): try succeed(context)
            case .reply(.failure(let failure)): fail(.failure(failure), context)
            case nil: context.read()
            default: fail(.protocolViolation("neither ok nor a failure in answer to dial"), context)
            }
        } catch {
            fail(GuestClientError(naming: error), context)
        }
    }

    /// Only once answered: before that the handshake reads by itself.
    func read(context: ChannelHandlerContext) {
        guard isAnswered else { return context.read() }
        let isHolding = received.readableBytes > 0
        if !isHolding, !inputIsClosed { context.read() }
        deliver(context)
        let channel = context.channel
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        // What was held came from no read of the channel's, after which `autoRead` would go on by itself.
        if isHolding, !inputIsClosed, readsByItself(channel) { channel.read() }
    }

    private func readsByItself(_ channel: any Channel) -> Bool {
        // A channel that cannot say does not read by itself.
        (try? channel.syncOptions?.getOption(.autoRead)) ?? false
    }

    private func deliver(_ context: ChannelHandlerContext) {
        if received.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(received))
            received = ByteBuffer()
            context.fireChannelReadComplete()
        }
        if inputIsClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isAnswered, received.readableBytes == 0 { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        inputIsClosed = true
        if !isAnswered { fail(.hungUp, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isAnswered else { return fail(GuestClientError(naming: error), context) }
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.hungUp, context)
        deliver(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        promise.fail(GuestClientError.hungUp)
    }

    private func succeed(_ context: ChannelHandlerContext) throws {
        try addHandlers(context.channel)
        isAnswered = true
        deadline?.cancel()
        promise.succeed()
    }

    private func fail(_ error: GuestClientError, _ context: ChannelHandlerContext) {
        guard !isAnswered else { return }
        deadline?.cancel()
        promise.fail(error)
        context.close(promise: nil)
    }
}
