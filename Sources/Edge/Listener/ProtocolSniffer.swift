import NIOCore
import NIOSSL
import NIOTLS

/// Sees by a connection's first bytes what is spoken, builds the pipeline for it and leaves. All fields belong to the
/// event loop.
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What a connection's first bytes say.
    enum Verdict: Hashable {
        case tls
        case http2
        case http1
        case undecided

        /// The first bytes of the HTTP/2 preface, RFC 9113 section 3.4. No method of HTTP/1.1 begins with them.
        private static let preface = Array("PRI * HTTP/2.0".utf8)
        private static let handshakeRecord: UInt8 = 0x16

        init(_ bytes: some Collection<UInt8>) {
            guard let first = bytes.first else {
                self = .undecided
                return
            }
            let count = Swift.min(bytes.count, Self.preface.count)
            if first == Self.handshakeRecord {
                self = .tls
            } else if bytes.prefix(count).elementsEqual(Self.preface.prefix(count)) {
                self = count == Self.preface.count ? .http2 : .undecided
            } else {
                self = .http1
            }
        }
    }

    private let site: EdgeSite
    private let facts: ConnectionFacts
    private let isInsideTLS: Bool
    private var seen = ByteBuffer()
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    /// - Parameter isInsideTLS: wait for the handshake, and believe what it negotiated.
    init(site: EdgeSite, facts: ConnectionFacts, isInsideTLS: Bool = false) {
        self.site = site
        self.facts = facts
        self.isInsideTLS = isInsideTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: site.limits.headTimeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        site.logger.debug("A connection failed before it said what it speaks.", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isInsideTLS, case .handshakeCompleted(negotiatedProtocol: "h2")? = event as? TLSUserEvent {
            become(.http2)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        seen.writeBuffer(&bytes)
        let verdict = Verdict(seen.readableBytesView)
        switch verdict {
        case .undecided: break
        case .tls where isInsideTLS: context.close(promise: nil)
        case .tls, .http1, .http2: become(verdict)
        }
    }

    private func become(_ verdict: Verdict) {
        guard let context else { return }
        do {
            let pipeline = ConnectionPipeline(site: site, channel: context.channel)
            switch verdict {
            case .tls: try pipeline.addTLS(facts)
            case .http2: try pipeline.addHTTP2(facts)
            case .http1, .undecided: try pipeline.addHTTP1(facts)
            }
            if seen.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(seen)) }
            context.fireChannelReadComplete()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            site.logger.error("A connection's handlers could not be set up.", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }
}
