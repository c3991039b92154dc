import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL

/// Builds what stands on a channel for each thing that can be spoken. On the channel's event loop only.
struct ConnectionPipeline {
    /// What is taken out again when the connection ceases to be HTTP.
    struct HTTP1Handlers {
        let arrivals: ArrivalHandler
        let decoder: ByteToMessageHandler<HTTPRequestDecoder>
        let encoder: HTTPResponseEncoder
    }

    let site: EdgeSite
    let channel: any Channel

    func addTLS(_ facts: ConnectionFacts) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: site.tls.context))
        try pipeline.addHandler(ProtocolSniffer(site: site, facts: facts.insideTLS(), isInsideTLS: true))
    }

    func addHTTP1(_ facts: ConnectionFacts) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = site.limits.headerBytes
        limits.maxHeaderListSize = site.limits.headBytes
        limits.maxHeaderFieldCount = site.limits.headerCount
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        let handlers = HTTP1Handlers(
            arrivals: ArrivalHandler(),
            decoder: ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)),
            encoder: HTTPResponseEncoder(configuration: encoding))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([handlers.arrivals, handlers.decoder, handlers.encoder])
        try pipeline.addHandler(ExchangeHandler(site: site, transport: .http1(handlers), facts: facts))
    }

    func addHTTP2(_ facts: ConnectionFacts) throws {
        let idle = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: site.limits.idleTimeout, maxAge: nil, maxGraceTime: site.limits.lingerTimeout,
                keepalive: .init(pingInterval: site.limits.stallTimeout, ackTimeout: site.limits.headTimeout)))
        let site = site
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: site.limits.concurrentStreams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: site.limits.headBytes),
            HTTP2Setting(parameter: .initialWindowSize, value: site.limits.readBytes),
        ]
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = site.limits.readBytes
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: stream,
            streamDelegate: idle.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                let pipeline = stream.pipeline.syncOperations
                try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                try pipeline.addHandler(ExchangeHandler(site: site, transport: .http2, facts: facts))
            }
        }
        try channel.pipeline.syncOperations.addHandler(idle)
    }
}

/// Stands before the parser and tells that a request has begun.
final class ArrivalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(BytesArrived())
        context.fireChannelRead(data)
    }
}
