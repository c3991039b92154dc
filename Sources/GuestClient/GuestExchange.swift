import GuestProtocol
import NIOCore
import WireCoding

/// One operation under way, for as long as `GuestClient.withExchange` lends it.
public struct GuestExchange {
    typealias Wrapped = NIOAsyncChannel<GuestMessage, ByteBuffer>

    var inbound: NIOAsyncChannelInboundStream<GuestMessage>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    let tick: IdleTick
    let channel: any Channel

    /// Ends the exchange from outside: `next()` gives what is there, then nil.
    public var hangUp: @Sendable () -> Void {
        { [channel] in channel.close(promise: nil) }
    }

    /// The guest's next word, or nil once it has hung up between two frames. Nothing is read from the guest ahead of
    /// this but `GuestClientLimits.readBytes`.
    /// - Throws: `failure` if the guest refuses or breaks off; `protocolViolation`; `cancelled`.
    public mutating func next() async throws(GuestClientError) -> GuestMessage? {
        let message: GuestMessage?
        do {
            message = try await inbound.next()
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
            header.writeInteger(UInt32(length), endianness: .little)
            header.writeInteger(Self.bytesKind)
            try await write([header, part])
        }
    }

    private static let bytesKind = GuestFollowUp.bytes([]).frame.kind

    mutating func send(_ frame: Frame) async throws(GuestClientError) {
        try await write([GuestClient.buffer(frame, channel.allocator)])
    }

    private mutating func write(_ buffers: [ByteBuffer]) async throws(GuestClientError) {
        do {
            try await outbound.write(contentsOf: buffers)
        } catch {
            if Task.isCancelled { throw .cancelled }
            try await explainBrokenWrite()
            throw .hungUp
        }
    }

    /// A guest that stops reading says why before it hangs up.
    private mutating func explainBrokenWrite() async throws(GuestClientError) {
        while let message = try await next() {
            if case .idle = message { continue }
        }
    }

    /// Puts the decoder, the timer and the asynchronous ends on a new channel. On its event loop.
    static func wrap(_ channel: any Channel, _ timer: ExchangeTimer) throws -> Wrapped {
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(GuestMessageDecoder()))
        if timer.isNeeded { try channel.pipeline.syncOperations.addHandler(timer) }
        let held = GuestClientLimits.heldMessages
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(backPressureStrategy: .init(lowWatermark: held, highWatermark: held)))
    }
}
