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

/// Puts `.idle` into the stream whenever the guest has been silent for `idle`, and breaks the exchange off after
/// `timeout`.
final class ExchangeTimer: ChannelInboundHandler {
    typealias InboundIn = GuestMessage
    typealias InboundOut = GuestMessage

    private let idle: TimeAmount?
    private let timeout: TimeAmount?
    private let tick: IdleTick
    private var lastWord = NIODeadline.now()
    private var idleTimer: Scheduled<Void>?
    private var deadline: Scheduled<Void>?

    init(idle: TimeAmount?, timeout: TimeAmount?, tick: IdleTick) {
        self.idle = idle
        self.timeout = timeout
        self.tick = tick
    }

    var isNeeded: Bool { idle != nil || timeout != nil }

    func channelActive(context: ChannelHandlerContext) {
        lastWord = .now()
        if let idle { scheduleIdle(idle, context) }
        if let timeout { scheduleDeadline(timeout, context) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastWord = .now()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancel()
    }

    private func cancel() {
        idleTimer?.cancel()
        deadline?.cancel()
    }

    private func scheduleDeadline(_ timeout: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.fireErrorCaught(GuestClientError.timedOut(.awaitingReply))
            bound.value.close(promise: nil)
        }
    }

    private func scheduleIdle(_ idle: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleTask(deadline: lastWord + idle) {
            let (handler, context) = bound.value
            handler.expire(idle, context)
        }
    }

    /// The timer is not moved by each word; it looks at the last one when it goes off.
    private func expire(_ idle: TimeAmount, _ context: ChannelHandlerContext) {
        if lastWord + idle <= .now() {
            lastWord = .now()
            if tick.claim() {
                context.fireChannelRead(wrapInboundOut(.idle))
                context.fireChannelReadComplete()
            }
        }
        scheduleIdle(idle, context)
    }
}
