import HTTPExchange
import NIOCore

/// The way back to the client of a streaming call.
struct ConnectStream: Sendable {
    let writer: ResponseWriter

    /// Sends one message.
    /// - Parameter capacity: of the JSON that `payload` is about to write, in bytes.
    func send(capacity: Int = 256, _ payload: (inout ByteBuffer) -> Void) async throws {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(ConnectEnvelope.headerBytes + capacity)
        ConnectEnvelope.write(into: &buffer, payload)
        try await writer.write(buffer)
    }

    func send(json: StaticString) async throws {
        try await send { $0.writeStaticString(json) }
    }

    func send(_ message: some Encodable) async throws {
        let json = try ProtoJSON.encode(message)
        try await send(capacity: json.readableBytes) { $0.writeImmutableBuffer(json) }
    }

    /// The last frame, whatever happened.
    func end(_ error: ConnectError?) async throws {
        let json = try ProtoJSON.encode(EndOfStream(error: error))
        var buffer = ByteBuffer()
        ConnectEnvelope.write(into: &buffer, isEnd: true) { $0.writeImmutableBuffer(json) }
        try await writer.write(buffer)
    }

    private struct EndOfStream: Encodable {
        /// Left out if nil.
        let error: ConnectError?
    }
}
