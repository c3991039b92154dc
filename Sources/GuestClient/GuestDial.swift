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
        try await dial(.dial(port), ByteBuffer(), socketPath, eventLoop, GuestClientLimits.connectTimeout, addHandlers)
            .channel
    }

    /// A unix stream socket of the sandbox, below `DialSocket.root`, lent to `body` as a stream of bytes. The
    /// connection is closed when `body` is done, and a cancelled task's is broken off.
    /// - Parameters:
    ///   - first: what is said to it first of all. A little goes along with the question for the socket, and is dropped
    ///     by the guest if there is none.
    ///   - wait: for its name to appear, at most `DialSocket.waitLimit`.
    ///   - eventLoop: where the connection lives; any of the client's if nil.
    /// - Throws: what `dial` throws; whatever `body` throws.
    public func withSocket<Result: Sendable>(
        _ socket: String, saying first: ByteBuffer = ByteBuffer(), wait: Duration = .zero, to socketPath: String,
        on eventLoop: (any EventLoop)? = nil, _ body: (inout GuestByteStream) async throws -> Result
    ) async throws -> Result {
        let goesAlong = first.readableBytes <= GuestClientLimits.bytesAlong
        let (channel, wrapped) = try await dial(
            socket: socket, goesAlong ? first : ByteBuffer(), wait, socketPath, eventLoop ?? group.any()
        ) { channel in
            try GuestByteStream.wrap(channel)
        }
        return try await Self.lend(channel, wrapped, saying: goesAlong ? ByteBuffer() : first, body)
    }

    /// The same over a line that was laid before.
    /// - Returns: nil if it is of no use here and now: `body` was not run then, and nothing said.
    public func withSocket<Result: Sendable>(
        over line: GuestLine, saying first: ByteBuffer,
        _ body: (inout GuestByteStream) async throws -> Result
    ) async throws -> Result? {
        // It must outlive the conversation: its end is the connection's.
        defer { withExtendedLifetime(line) {} }
        guard line.isUsable else { return nil }
        let channel = line.lease.channel
        let wrapped = try GuestByteStream.wrap(channel)
        // At once and whole: it is held anyway, and nobody there needs to be asked for first.
        channel.writeAndFlush(first, promise: nil)
        return try await Self.lend(channel, wrapped, saying: ByteBuffer(), body)
    }

    /// Lays a line to a unix stream socket of the sandbox, below `DialSocket.root`, on one of the client's event loops:
    /// the caller's, if the caller is on one.
    /// - Throws: what `dial` throws.
    public func line(to socket: String, of socketPath: String) async throws(GuestClientError) -> GuestLine {
        let (channel, _) = try await dial(socket: socket, ByteBuffer(), .zero, socketPath, group.any()) { _ in }
        return GuestLine(lease: ChannelLease(channel))
    }

    private static func lend<Result: Sendable>(
        _ channel: any Channel, _ wrapped: GuestByteStream.Wrapped, saying first: ByteBuffer,
        _ body: (inout GuestByteStream) async throws -> Result
    ) async throws -> Result {
        try await wrapped.executeThenClose { inbound, outbound in
            // From here on the asynchronous end says when to read. A channel that is closed by now has delivered all.
            try? await channel.setOption(.autoRead, value: true).get()
            // The option has the channel read, but not hand on what came with the answer: nothing may follow that.
            channel.read()
            var stream = GuestByteStream(
                inbound: inbound.makeAsyncIterator(), outbound: outbound, channel: channel)
            if first.readableBytes > 0 { try await stream.send(first) }
            return try await body(&stream)
        }
    }

    private func dial<Handlers: Sendable>(
        socket: String, _ first: ByteBuffer, _ wait: Duration, _ socketPath: String, _ eventLoop: any EventLoop,
        _ addHandlers: @escaping @Sendable (any Channel) throws -> Handlers
    ) async throws(GuestClientError) -> (channel: any Channel, handlers: Handlers) {
        let wait = min(max(wait, .zero), .milliseconds(DialSocket.waitLimit))
        let milliseconds = UInt32(wait / .milliseconds(1))
        let request = DialSocket(path: socket, waitMilliseconds: milliseconds)
        let patience = GuestClientLimits.connectTimeout + .milliseconds(Int64(milliseconds))
        return try await dial(.dialSocket(request), first, socketPath, eventLoop, patience, addHandlers)
    }

    private func dial<Handlers: Sendable>(
        _ request: GuestRequest, _ first: ByteBuffer, _ socketPath: String, _ eventLoop: any EventLoop,
        _ patience: TimeAmount, _ addHandlers: @escaping @Sendable (any Channel) throws -> Handlers
    ) async throws(GuestClientError) -> (channel: any Channel, handlers: Handlers) {
        let question = try Self.checked(request.frame)
        let bootstrap = Self.bootstrap(on: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
        let (channel, answer) = try await GuestSocket(path: socketPath, eventLoop: eventLoop).connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handshake = DialHandshake(
                        eventLoop: channel.eventLoop, patience: patience, addHandlers: addHandlers)
                    try channel.pipeline.syncOperations.addHandler(handshake)
                    return (channel, handshake.result)
                }
            }
        }
        do {
            let handlers = try await withTaskCancellationHandler {
                var words = Self.buffer(question, channel.allocator)
                words.writeImmutableBuffer(first)
                channel.writeAndFlush(words, promise: nil)
                channel.read()
                return try await answer.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            return (channel, handlers)
        } catch {
            channel.close(promise: nil)
            throw Task.isCancelled ? .cancelled : GuestClientError(naming: error)
        }
    }
}

/// Takes the guest's answer to `dial`, then holds what comes behind it until somebody reads, and leaves the pipeline.
final class DialHandshake<Handlers: Sendable>: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    let result: EventLoopFuture<Handlers>
    private let promise: EventLoopPromise<Handlers>
    private let patience: TimeAmount
    private let addHandlers: @Sendable (any Channel) throws -> Handlers
    private var isAnswered = false
    private var received = ByteBuffer()
    private(set) var inputIsClosed = false
    private var deadline: Scheduled<Void>?

    init(
        eventLoop: any EventLoop, patience: TimeAmount,
        addHandlers: @escaping @Sendable (any Channel) throws -> Handlers
    ) {
        promise = eventLoop.makePromise()
        result = promise.futureResult
        self.patience = patience
        self.addHandlers = addHandlers
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: patience) {
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
        let handlers = try addHandlers(context.channel)
        isAnswered = true
        deadline?.cancel()
        promise.succeed(handlers)
    }

    private func fail(_ error: GuestClientError, _ context: ChannelHandlerContext) {
        guard !isAnswered else { return }
        deadline?.cancel()
        promise.fail(error)
        context.close(promise: nil)
    }
}
