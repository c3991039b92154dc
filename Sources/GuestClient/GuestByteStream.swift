import NIOCore

/// Raw bytes both ways between the server and a socket of the sandbox, for as long as `GuestClient.withSocket` lends
/// them.
public struct GuestByteStream {
    typealias Wrapped = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    let channel: any Channel

    /// Breaks the connection off from outside: `next()` gives what is there, then nil.
    public var hangUp: @Sendable () -> Void {
        { [channel] in channel.close(promise: nil) }
    }

    /// What came next, never empty, or nil once the other side says no more. Nothing is read ahead of this but
    /// `GuestClientLimits.readBytes` and as much again: a reader that stops stops the writer inside.
    /// - Throws: `cancelled`; `hungUp` or `transport` if the connection broke.
    public mutating func next() async throws(GuestClientError) -> ByteBuffer? {
        let bytes: ByteBuffer?
        do {
            bytes = try await inbound.next()
        } catch {
            throw GuestClientError(naming: error)
        }
        if bytes == nil, Task.isCancelled { throw .cancelled }
        return bytes
    }

    /// Suspends while the other side does not read and `GuestClientLimits.writeBufferBytes` wait for it.
    /// - Throws: `hungUp` if the other side is gone; `cancelled`.
    public func send(_ bytes: ByteBuffer) async throws(GuestClientError) {
        do {
            try await outbound.write(bytes)
        } catch {
            throw Task.isCancelled ? .cancelled : .hungUp
        }
    }

    /// Says that no more comes: the other side reads its end of stream. It may still be heard.
    public func finish() {
        outbound.finish()
    }

    /// Puts the asynchronous ends on a new channel. On its event loop.
    static func wrap(_ channel: any Channel) throws -> Wrapped {
        let held = GuestClientLimits.heldMessages
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(
                backPressureStrategy: .init(lowWatermark: held, highWatermark: held),
                isOutboundHalfClosureEnabled: true))
    }
}
