import GuestProtocol
import NIOCore

/// Takes the one reply of an operation, then closes the connection. Its result is always completed: by the reply, by
/// an error, by the deadline, or by the end of the connection.
final class SingleReply: ChannelInboundHandler {
    typealias InboundIn = GuestMessage

    let result: EventLoopFuture<GuestReply>
    private let promise: EventLoopPromise<GuestReply>
    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?

    init(eventLoop: any EventLoop, timeout: TimeAmount) {
        promise = eventLoop.makePromise()
        result = promise.futureResult
        self.timeout = timeout
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.finish(.failure(GuestClientError.timedOut(.awaitingReply)), context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .reply(.failure(let failure)): finish(.failure(GuestClientError.failure(failure)), context)
        case .reply(let reply): finish(.success(reply), context)
        case .output, .bytes, .idle:
            finish(.failure(GuestClientError.protocolViolation("bytes where one reply was due")), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(GuestClientError(naming: error)), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(GuestClientError.hungUp), context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        promise.fail(GuestClientError.hungUp)
    }

    private func finish(_ outcome: Result<GuestReply, any Error>, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        promise.completeWith(outcome)
        context.close(promise: nil)
    }
}
