import NIOCore
import Synchronization

/// Whether an `.idle` is on its way to the reader: there is never more than one, however slow the reader is.
final class IdleTick: Sendable {
    private let isUnderWay = Atomic(false)

    /// - Returns: false if one is under way already.
    func claim() -> Bool {
        isUnderWay.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }

    func taken() {
        isUnderWay.store(false, ordering: .releasing)
    }
}

/// Puts `.idle` into the stream whenever the guest has been silent for `every`.
final class IdleTicker: ChannelInboundHandler {
    typealias InboundIn = GuestMessage
    typealias InboundOut = GuestMessage

    private let every: TimeAmount
    private let tick: IdleTick
    private var lastWord = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(every: TimeAmount, tick: IdleTick) {
        self.every = every
        self.tick = tick
    }

    func channelActive(context: ChannelHandlerContext) {
        lastWord = .now()
        schedule(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastWord = .now()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    private func schedule(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: lastWord + every) {
            let (handler, context) = bound.value
            handler.expire(context)
        }
    }

    /// The timer is not moved by each word; it looks at the last one when it goes off.
    private func expire(_ context: ChannelHandlerContext) {
        if lastWord + every <= .now() {
            lastWord = .now()
            if tick.claim() {
                context.fireChannelRead(wrapInboundOut(.idle))
                context.fireChannelReadComplete()
            }
        }
        schedule(context)
    }
}
