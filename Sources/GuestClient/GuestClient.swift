import GuestProtocol
import NIOCore
import NIOPosix
import WireCoding

/// The server's way to guests. One connection is one operation: it is opened for the call and closed when the call
/// returns, throws or is cancelled.
public struct GuestClient: Sendable {
    let group: any EventLoopGroup

    public init(_ group: any EventLoopGroup) {
        self.group = group
    }

    /// An operation with one reply.
    /// - Returns: the reply, never `failure`.
    /// - Throws: `failure` with the guest's reason; `timedOut(.awaitingReply)` after `timeout`.
    public func call(
        _ request: GuestRequest, to socketPath: String, timeout: TimeAmount = GuestClientLimits.replyTimeout
    ) async throws(GuestClientError) -> GuestReply {
        let question = try Self.checked(request.frame)
        let bootstrap = Self.bootstrap(on: group.any(), readBytes: GuestClientLimits.replyReadBytes)
        let (channel, reply) = try await GuestSocket(path: socketPath).connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let reply = SingleReply(eventLoop: channel.eventLoop, timeout: timeout)
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(GuestMessageDecoder()), reply)
                    return (channel, reply.result)
                }
            }
        }
        do {
            return try await withTaskCancellationHandler {
                channel.writeAndFlush(Self.buffer(question, channel.allocator), promise: nil)
                return try await reply.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            throw Task.isCancelled ? .cancelled : GuestClientError(naming: error)
        }
    }

    /// An operation with many replies or follow-ups, lent to `body`. The connection is closed when `body` is done.
    /// - Parameters:
    ///   - idle: after so long without a word from the guest, `next()` gives `.idle`, and again each time.
    ///   - timeout: after so long `next()` throws `timedOut(.awaitingReply)`, whatever the guest has said.
    /// - Throws: `GuestClientError` for what goes wrong with the guest; whatever `body` throws.
    public func withExchange<Result: Sendable>(
        _ request: GuestRequest, to socketPath: String, idle: TimeAmount? = nil, timeout: TimeAmount? = nil,
        _ body: (inout GuestExchange) async throws -> Result
    ) async throws -> Result {
        let question = try Self.checked(request.frame)
        let bootstrap = Self.bootstrap(on: group.any(), readBytes: Self.readBytes(for: request))
        let tick = IdleTick()
        let channel = try await GuestSocket(path: socketPath).connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try GuestExchange.wrap(channel, ExchangeTimer(idle: idle, timeout: timeout, tick: tick))
                }
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            var exchange = GuestExchange(
                inbound: inbound.makeAsyncIterator(), outbound: outbound, tick: tick,
                channel: channel.channel)
            try await exchange.send(question)
            return try await body(&exchange)
        }
    }

    private static func readBytes(for request: GuestRequest) -> Int {
        if case .readFile = request { GuestClientLimits.fileReadBytes } else { GuestClientLimits.readBytes }
    }

    static func bootstrap(
        on eventLoop: any EventLoop, readBytes: Int = GuestClientLimits.readBytes
    ) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(GuestClientLimits.connectTimeout)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readBytes))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: GuestClientLimits.writeBufferBytes / 2, high: GuestClientLimits.writeBufferBytes))
    }

    static func checked(_ frame: Frame) throws(GuestClientError) -> Frame {
        guard frame.payload.count <= WireLimits.payloadBytes else {
            throw .requestTooLong(length: frame.payload.count, limit: WireLimits.payloadBytes)
        }
        return frame
    }

    static func buffer(_ frame: Frame, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: Frame.headerBytes + frame.payload.count)
        buffer.writeInteger(UInt32(frame.payload.count), endianness: .little)
        buffer.writeInteger(frame.kind)
        buffer.writeBytes(frame.payload)
        return buffer
    }
}
