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

    /// Where connections to guests live: on the caller's, if the caller is on one of them.
    public var eventLoops: [any EventLoop] { Array(group.makeIterator()) }

    /// Whether the caller is on one of them.
    public var isOnEventLoop: Bool { group.makeIterator().contains { $0.inEventLoop } }

    /// An operation with one reply.
    /// - Parameter content: the bytes that are to follow the request, all of them, at most
    ///   `WireLimits.payloadBytes`. They go out with it.
    /// - Returns: the reply, never `failure`.
    /// - Throws: `failure` with the guest's reason; `timedOut(.awaitingReply)` after `timeout`.
    public func call(
        _ request: GuestRequest, with content: ByteBuffer? = nil, to socketPath: String,
        timeout: TimeAmount = GuestClientLimits.replyTimeout
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
                channel.writeAndFlush(Self.buffer(question, channel.allocator, content), promise: nil)
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
        var exchange = try await open(request, to: socketPath, isOwed: isOwed, idle: idle, timeout: timeout)
        let hangUp = exchange.hangUp
        defer { hangUp() }
        return try await body(&exchange)
    }

    /// The same for an operation whose end is not known here: the caller holds the exchange for as long as it lasts.
    public func open(
        _ request: GuestRequest, to socketPath: String, isOwed: Bool = false, idle: TimeAmount? = nil,
        timeout: TimeAmount? = nil
    ) async throws(GuestClientError) -> GuestExchange {
        let question = try Self.checked(request.frame)
        let eventLoop = group.any()
        let bootstrap = Self.bootstrap(on: eventLoop, readBytes: Self.readBytes(for: request))
        let tick = IdleTick()
        let socket = GuestSocket(path: socketPath, eventLoop: eventLoop, isOwed: isOwed)
        let (channel, messages) = try await socket.connecting { address in
            try await bootstrap.connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    (channel, try GuestExchange.wrap(channel, ExchangeTimer(idle: idle, timeout: timeout, tick: tick)))
                }
            }
        }
        let asked = isOwed ? eventLoop.makePromise(of: Void.self) : nil
        channel.writeAndFlush(Self.buffer(question, channel.allocator), promise: asked)
        if let asked { await Self.settle(asked.futureResult, on: channel) }
        return GuestExchange(channel, messages, tick)
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

    /// - Parameter content: what follows the frame, and is all.
    static func buffer(_ frame: Frame, _ allocator: ByteBufferAllocator, _ content: ByteBuffer? = nil) -> ByteBuffer {
        let length = Frame.headerBytes + frame.payload.count + (content?.readableBytes ?? 0) + 2 * Frame.headerBytes
        var buffer = allocator.buffer(capacity: length)
        write(frame.kind, frame.payload.count, into: &buffer)
        buffer.writeBytes(frame.payload)
        guard let content else { return buffer }
        if content.readableBytes > 0 {
            write(GuestExchange.bytesKind, content.readableBytes, into: &buffer)
            buffer.writeImmutableBuffer(content)
        }
        write(GuestFollowUp.end.frame.kind, 0, into: &buffer)
        return buffer
    }

    static func write(_ kind: UInt8, _ length: Int, into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(length), endianness: .little)
        buffer.writeInteger(kind)
    }
}
