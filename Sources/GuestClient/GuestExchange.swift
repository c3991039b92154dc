import GuestProtocol
import NIOCore
import WireCoding

/// One operation under way. Its connection is closed when `GuestClient.withExchange`, which lends it, returns; that of
/// one from `GuestClient.open` by `hangUp`, or when nobody holds it any more.
public struct GuestExchange: Sendable {
    let messages: Mailbox<GuestMessage>
    let tick: IdleTick
    /// All copies of one exchange have the same.
    private let lease: ChannelLease

    init(_ channel: any Channel, _ messages: Mailbox<GuestMessage>, _ tick: IdleTick) {
        self.messages = messages
        self.tick = tick
        lease = ChannelLease(channel)
    }

    var channel: any Channel { lease.channel }

    /// Ends the exchange, also from outside: `next()` gives what is there, then nil.
    public var hangUp: @Sendable () -> Void {
        { [channel] in channel.close(promise: nil) }
    }

    /// The guest's next word, or nil once it has hung up between two frames. Nothing is read from the guest ahead of
    /// this but `GuestClientLimits.readBytes`.
    /// - Throws: `failure` if the guest refuses or breaks off; `protocolViolation`; `cancelled`.
    public mutating func next() async throws(GuestClientError) -> GuestMessage? {
        let message: GuestMessage?
        do {
            message = try await messages.next()
        } catch {
            throw GuestClientError(naming: error)
        }
        if case .idle = message { tick.taken() }
        if case .reply(.failure(let failure)) = message { throw .failure(failure) }
        if message == nil, Task.isCancelled { throw .cancelled }
        return message
    }

    /// The next word, which must be a reply: neither bytes nor the end.
    /// - Throws: also `hungUp` and `protocolViolation`.
    public mutating func reply() async throws(GuestClientError) -> GuestReply {
        while true {
            switch try await next() {
            case .reply(let reply): return reply
            case .idle: continue
            case .output, .bytes: throw .protocolViolation("bytes where a reply was due")
            case nil: throw .hungUp
            }
        }
    }

    /// Takes `ok` and nothing else.
    public mutating func expectOK() async throws(GuestClientError) {
        let reply = try await reply()
        guard reply == .ok else { throw .protocolViolation("\(reply) where ok was due") }
    }

    /// Sends what follows the request; suspends while the guest does not read.
    /// - Throws: `failure` if the guest has said why it reads no more.
    public mutating func send(_ followUp: GuestFollowUp) async throws(GuestClientError) {
        try await send(followUp.frame)
    }

    /// Sends `bytes` as `GuestFollowUp.bytes` frames of at most `WireLimits.payloadBytes`, without copying them.
    public mutating func send(bytes: ByteBuffer) async throws(GuestClientError) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let length = min(rest.readableBytes, WireLimits.payloadBytes)
            guard let part = rest.readSlice(length: length) else { return }
            var header = channel.allocator.buffer(capacity: Frame.headerBytes)
            GuestClient.write(Self.bytesKind, length, into: &header)
            try await write([header, part])
        }
    }

    static let bytesKind = GuestFollowUp.bytes([]).frame.kind

    mutating func send(_ frame: Frame) async throws(GuestClientError) {
        try await write([GuestClient.buffer(frame, channel.allocator)])
    }

    private mutating func write(_ buffers: [ByteBuffer]) async throws(GuestClientError) {
        if Task.isCancelled { throw .cancelled }
        guard channel.isActive, let last = buffers.last else { return try await fail() }
        for buffer in buffers.dropLast() { channel.write(buffer, promise: nil) }
        // Only on the event loop it is known at once how much waits to be written.
        if channel.eventLoop.inEventLoop, channel.isWritable { return channel.writeAndFlush(last, promise: nil) }
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(last, promise: written)
        do {
            try await withTaskCancellationHandler(operation: written.futureResult.get, onCancel: hangUp)
        } catch {
            if Task.isCancelled { throw .cancelled }
            try await fail()
        }
    }

    private mutating func fail() async throws(GuestClientError) {
        try await explainBrokenWrite()
        throw .hungUp
    }

    /// A guest that stops reading says why before it hangs up.
    private mutating func explainBrokenWrite() async throws(GuestClientError) {
        while let message = try await next() {
            if case .idle = message { continue }
        }
    }

    /// Puts the decoder, the timer and the inbox on a new channel. On its event loop.
    static func wrap(_ channel: any Channel, _ timer: ExchangeTimer) throws -> Mailbox<GuestMessage> {
        let inbox = GuestInbox(channel)
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(GuestMessageDecoder()))
        if timer.isNeeded { try channel.pipeline.syncOperations.addHandler(timer) }
        try channel.pipeline.syncOperations.addHandler(inbox)
        return inbox.messages
    }
}
