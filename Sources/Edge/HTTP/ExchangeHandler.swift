import HTTPExchange
import NIOCore
import NIOHTTP1

/// The end of an HTTP pipeline: makes an `Exchange` of each request and writes what its `Reply` is told. On HTTP/1.1
/// one handler serves the connection's requests one after the other; on HTTP/2 each stream has its own.
///
/// All fields belong to the event loop. Nothing is read from the client unless a request or a body part is awaited;
/// that a client went away is noticed nevertheless, because the kernel tells.
final class ExchangeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum Transport {
        case http1(ConnectionPipeline.HTTP1Handlers)
        case http2
    }

    /// The request under way.
    struct Current {
        let exchange: Exchange
        let head: HTTPRequestHead
        /// The client waits for a 100 before it sends the body.
        var awaitsContinue: Bool
        var isRequestWhole = false
        var response = ResponseState.awaited
    }

    enum ResponseState: Equatable {
        case awaited
        /// `missing` bytes are yet to be written, nil if nobody knows.
        case started(missing: Int?)
        case ended
    }

    let site: EdgeSite
    let transport: Transport
    let facts: ConnectionFacts
    var context: ChannelHandlerContext?
    var current: Current?
    /// Parts that came with a read and belong to a later request.
    var backlog = CircularBuffer<HTTPServerRequestPart>()
    var isReadHeld = false
    /// What was written will be flushed when the task that writes has paused.
    var isFlushDue = false
    var requestCount = 0
    /// No request after the one under way.
    var isClosing = false
    /// The connection is about to belong to somebody else: a CONNECT or an upgrade.
    var isHandedOver = false
    /// What to say after the response under way.
    var afterthought: RequestRules.Refusal?
    /// Bytes of a refused body that may still be thrown away; nil while not lingering.
    var lingerBudget: Int?
    var deadline = LazyDeadline()

    /// - Parameter facts: of the connection.
    init(site: EdgeSite, transport: Transport, facts: ConnectionFacts) {
        self.site = site
        self.transport = transport
        self.facts = facts
    }

    // MARK: - From the client

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        allow(site.limits.headTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline.end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.cancel()
        backlog.removeAll()
        current.take()?.exchange.clientIsGone()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is BytesArrived, current == nil, lingerBudget == nil, !deadline.isForHead {
            // The deadline of a request that has begun does not move with each byte of it.
            if requestCount == 0 { deadline.becomeForHead() } else { allow(site.limits.headTimeout, isForHead: true) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if isReadWanted {
            isReadHeld = false
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        backlog.append(unwrapInboundIn(data))
        takeBacklog()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .http1 = transport, let refusal = ParserErrors.refusal(of: error), lingerBudget == nil else {
            context.close(promise: nil)
            return
        }
        guard let current else { return refuse(refusal) }
        if current.isRequestWhole {
            // What is wrong came after a request that was right, and that one is answered first.
            afterthought = refusal
        } else if current.response == .awaited {
            self.current.take()?.exchange.clientIsGone()
            refuse(refusal)
        } else {
            context.close(promise: nil)
        }
    }

    /// The task that answers waits for more of the body.
    func bodyWasDemanded() {
        guard let current, !current.isRequestWhole, context != nil else { return }
        if current.awaitsContinue, current.response == .awaited { sendContinue() }
        allow(site.limits.stallTimeout)
        releaseRead()
    }

    private var isReadWanted: Bool {
        if lingerBudget != nil { return true }
        if isHandedOver { return false }
        guard let current else { return backlog.isEmpty && !isClosing }
        return !current.isRequestWhole && current.exchange.body.isDemanded
    }

    func releaseRead() {
        guard isReadHeld, isReadWanted else { return }
        isReadHeld = false
        context?.read()
    }

    func takeBacklog() {
        while let part = backlog.first {
            if case .head = part, current != nil { return }
            backlog.removeFirst()
            if lingerBudget != nil {
                linger(part)
            } else if !isHandedOver, context != nil {
                take(part)
            }
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            begin(head)
        case .body(let bytes):
            deadline.cancel()
            current?.exchange.body.deliver(bytes)
        case .end:
            deadline.cancel()
            current?.isRequestWhole = true
            current?.exchange.body.finish()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        guard let context else { return }
        deadline.cancel()
        guard !isClosing else { return }
        requestCount += 1
        if head.method == .CONNECT { return connect(head) }
        do throws(RequestRules.Refusal) {
            let accepted = try RequestRules.judge(head, limits: site.limits)
            let exchange = Exchange(
                head: head, accepted: accepted, handler: NIOLoopBound(self, eventLoop: context.eventLoop),
                channel: context.channel, facts: facts)
            let awaitsContinue = accepted.headers[canonicalForm: "expect"].contains {
                $0.lowercased() == "100-continue"
            }
            current = Current(exchange: exchange, head: head, awaitsContinue: awaitsContinue)
            site.dispatch(exchange)
        } catch {
            refuse(error)
        }
    }
}

/// Fired before bytes are parsed: a request has begun.
struct BytesArrived: Sendable {}
