import NIOCore
import NIOHTTP1

/// The connection ceases to be HTTP of ours: after a CONNECT it is a new connection, after a 101 it is somebody else's.
extension ExchangeHandler {
    /// Grants or refuses a CONNECT. Granted, the bytes that follow are sniffed like those of a new connection.
    func connect(_ head: HTTPRequestHead) {
        guard case .http1(let handlers) = transport, let context else {
            return refuse(RequestRules.Refusal(.methodNotAllowed, "CONNECT is for HTTP/1.1 only"))
        }
        if let reason = ConnectDecision.refusal(target: head.uri, domain: site.domain, depth: facts.connectDepth) {
            return refuse(RequestRules.Refusal(.forbidden, reason))
        }
        isHandedOver = true
        stopWaiting()
        let sniffer = ProtocolSniffer(site: site, facts: facts.insideConnect())
        let granted = ByteBuffer(string: "HTTP/1.1 200 Connection Established\r\n\r\n")
        let bound = NIOLoopBound((self, handlers, sniffer, context), eventLoop: context.eventLoop)
        // Not from within the decoder's own call.
        context.eventLoop.execute {
            let (exchange, handlers, sniffer, context) = bound.value
            guard exchange.context != nil else { return }
            exchange.handOver(context, handlers, to: sniffer, saying: granted)
        }
    }

    /// Joins the client's connection with `upstream`, see `Reply.tunnel`.
    func tunnel(_ headers: HTTPHeaders, to upstream: Upstream, for id: String, _ promise: EventLoopPromise<Void>) {
        guard case .http1(let handlers) = transport, let context, let current,
            current.exchange.request.id == id, current.response == .awaited
        else { return promise.fail(ChannelError.operationUnsupported) }
        isHandedOver = true
        stopWaiting()
        self.current = nil
        let (ours, theirs) = GlueHandler.pair(stallTimeout: site.limits.stallTimeout)
        var switching = ByteBuffer(string: "HTTP/1.1 101 Switching Protocols\r\n")
        for (name, value) in headers { switching.writeString("\(name): \(value)\r\n") }
        switching.writeString("\r\n")
        handOver(context, handlers, to: ours, saying: switching)
        upstream.becomeRaw(theirs)
        promise.succeed()
    }

    /// Takes HTTP out of the pipeline and puts `heir` in; what the client sent ahead goes to `heir`.
    private func handOver(
        _ context: ChannelHandlerContext, _ handlers: ConnectionPipeline.HTTP1Handlers,
        to heir: any ChannelHandler, saying greeting: ByteBuffer
    ) {
        let channel = context.channel
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(heir)
        } catch {
            context.close(promise: nil)
            return
        }
        for handler in [self, handlers.arrivals, handlers.encoder] as [any RemovableChannelHandler] {
            pipeline.removeHandler(handler, promise: nil)
        }
        channel.writeAndFlush(greeting, promise: nil)
        pipeline.removeHandler(handlers.decoder).whenComplete { _ in channel.read() }
    }
}
