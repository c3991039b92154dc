import HTTPExchange
import Logging
import NIOCore
import NIOPosix

/// The one listener: plain HTTP/1.1, HTTP/2 by prior knowledge, TLS and CONNECT on one port. `run()` holds it and all
/// that came in by it; cancelling `run()` ends it.
public struct EdgeServer: Sendable {
    public static let backlog: Int32 = 1024

    private let host: String
    private let port: Int
    private let site: EdgeSite
    private let responder: any EdgeResponder
    private let group: any EventLoopGroup

    /// - Parameters:
    ///   - host: a name or an address to listen on.
    ///   - port: 0 for one that is free.
    public init(
        host: String, port: Int, routing: EdgeRouting, tls: TLSIdentity, limits: EdgeLimits = EdgeLimits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
    ) {
        self.host = host
        self.port = port
        site = EdgeSite(domain: routing.domain, limits: limits, tls: tls, logger: logger, group: group)
        responder = routing
        self.group = group
    }

    /// Serves until it is cancelled. Once.
    /// - Parameter onReady: called with the address when connections are accepted.
    /// - Throws: `ListenError` if it cannot listen.
    public func run(onReady: @Sendable (SocketAddress) async -> Void = { _ in }) async throws {
        let listener = try await bind()
        if let address = listener.localAddress { await onReady(address) }
        await withTaskCancellationHandler {
            await answer()
        } onCancel: {
            listener.close(promise: nil)
            site.end()
        }
        // An end by itself cannot be, but a listener must not outlive its owner.
        listener.close(promise: nil)
        site.end()
    }

    private func answer() async {
        let (site, responder) = (site, responder)
        await withDiscardingTaskGroup { group in
            group.addTask { await site.tls.renewing(logger: site.logger) }
            await withDiscardingTaskGroup { lanes in
                for lane in site.lanes.values { lanes.addTask { await lane.run(responder) } }
            }
            group.cancelAll()
        }
    }

    private func bind() async throws -> any Channel {
        let site = site
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1024, initial: 8192, maximum: site.limits.readBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.receive(channel, site) }
            }
        do {
            return try await bootstrap.bind(host: host, port: port).get()
        } catch let error as IOError {
            throw ListenError(host: host, port: port, errorNumber: error.errnoCode)
        }
    }

    private static func receive(_ channel: any Channel, _ site: EdgeSite) throws {
        guard site.admit(channel) else {
            try channel.pipeline.syncOperations.addHandler(FullHouseHandler())
            return
        }
        let facts = ConnectionFacts(peer: channel.remoteAddress?.ipAddress)
        try channel.pipeline.syncOperations.addHandler(ProtocolSniffer(site: site, facts: facts))
    }
}

/// Answers whatever comes with 503 and closes.
private final class FullHouseHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let body = ErrorBody.json(code: 503, message: "the server has as many connections as it may")
        let head =
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
            + "connection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + body))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
