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
        let eventLoop = group.any()
        let bootstrap = Self.bootstrap(on: eventLoop, readBytes: GuestClientLimits.replyReadBytes)
        let (channel, reply) = try await GuestSocket(path: socketPath, eventLoop: eventLoop).connecting { address in
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
    ///   - isOwed: the request reaches the guest though the task is cancelled meanwhile, or was before; then `body`
    ///     runs and hears of the cancellation.
    ///   - idle: after so long without a word from the guest, `next()` gives `.idle`, and again each time.
    ///   - timeout: after so long `next()` throws `timedOut(.awaitingReply)`, whatever the guest has said.
    /// - Throws: `GuestClientError` for what goes wrong with the guest; whatever `body` throws.
    public func withExchange<Result: Sendable>(
        _ request: GuestRequest, to socketPath: String, isOwed: Bool = false, idle: TimeAmount? = nil,
        timeout: TimeAmount? = nil,
        _ body: (inout GuestExchange) async throws -> Result
    ) async throws -> Result {
        let question = try Self.checked(request.frame)
        let eventLoop = group.any()
        let bootstrap = Self.bootstrap(on: eventLoop, readBytes: Self.readBytes(for: request))
        let tick = IdleTick()
        let socket = GuestSocket(path: socketPath, eventLoop: eventLoop, isOwed: isOwed)
        let channel = try await socket.connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try GuestExchange.wrap(channel, ExchangeTimer(idle: idle, timeout: timeout, tick: tick))
                }
            }
        }
        let asked = eventLoop.makePromise(of: Void.self)
        channel.channel.writeAndFlush(Self.buffer(question, channel.channel.allocator), promise: asked)
        return try await channel.executeThenClose { inbound, outbound in
            var exchange = GuestExchange(
                inbound: inbound.makeAsyncIterator(), outbound: outbound, tick: tick,
                channel: channel.channel)
            if isOwed { await Self.settle(asked.futureResult, on: channel.channel) }
            return try await body(&exchange)
        }
    }

    /// Waits until `write` is out, whether or not the task is cancelled. A guest that does not take it in time is hung
    /// up on.
    private static func settle(_ write: EventLoopFuture<Void>, on channel: any Channel) async {
        let limit = channel.eventLoop.scheduleTask(in: GuestClientLimits.connectTimeout) { channel.close(promise: nil) }
        try? await write.get()  // what the guest says to that is for the reader
        limit.cancel()
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
