import HTTPExchange
import NIOCore

/// The messages of a client's stream, one at a time, read from the client no faster than they are taken.
struct ConnectMessages {
    private var body: RequestBody.AsyncIterator
    private var received = ByteBuffer()
    private var isOver = false

    init(_ body: RequestBody) {
        self.body = body.makeAsyncIterator()
    }

    /// The next message's JSON, or nil at the end of the stream.
    /// - Throws: `ConnectError` for a stream that is malformed or ends in the middle of an envelope; `ClientGone`.
    mutating func next() async throws -> ByteBuffer? {
        while !isOver {
            if let envelope = try ConnectEnvelope.take(from: &received, limit: EnvdLimits.messageBytes) {
                guard envelope.isEnd else { return envelope.payload }
                try await expectEnd()
            } else if var part = try await body.next() {
                received.discardReadBytes()
                received.writeBuffer(&part)
            } else {
                isOver = true
                guard received.readableBytes == 0 else {
                    throw ConnectError(.invalidArgument, "the stream ends in the middle of an envelope")
                }
            }
        }
        return nil
    }

    /// The only message of a stream that has exactly one.
    mutating func only() async throws -> ByteBuffer {
        guard let message = try await next() else {
            throw ConnectError(.invalidArgument, "one message is due, the stream has none")
        }
        guard try await next() == nil else {
            throw ConnectError(.invalidArgument, "one message is due, the stream has more")
        }
        return message
    }

    private mutating func expectEnd() async throws {
        isOver = true
        while received.readableBytes == 0, let part = try await body.next() { received = part }
        guard received.readableBytes == 0 else {
            throw ConnectError(.invalidArgument, "bytes behind the end of the stream")
        }
    }
}
