import HTTPExchange
import NIOCore
import NIOHTTP1

/// The way back to the client. Each call suspends until the transport takes more, which is the back-pressure; the last
/// one until all is out. Used by one task at a time.
struct Reply: Sendable {
    let handler: NIOLoopBound<ExchangeHandler>
    let channel: any Channel
    let requestID: String
    /// The request was HEAD: no body is sent, whatever is written.
    let isHead: Bool
    let facts: ConnectionFacts

    /// Sends a whole response.
    func send(_ response: HTTPResponse) async {
        switch response.body {
        case .empty:
            await finish(response, bytes: nil)
        case .bytes(let bytes):
            await finish(response, bytes: bytes)
        case .stream(let length, let write):
            await stream(response, length: length, write)
        }
    }

    /// Sends a head, its framing headers set for a body of `length` bytes, or of unknown length.
    func start(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, length: Int?) async throws {
        try await onLoop { handler, promise in
            handler.start(status, headers, length: length, for: requestID, promise)
        }
    }

    func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes > 0, !isHead else { return }
        try Task.checkCancellation()
        try await onLoop { handler, promise in handler.write(bytes, for: requestID, promise) }
    }

    func end() async throws {
        try await onLoop { handler, promise in handler.end(for: requestID, promise) }
    }

    /// Sends a 101 with `headers` and joins the client's connection with `upstream`, byte for byte. From then on the
    /// two channels own each other. Throws if the client's connection cannot be given away: HTTP/2.
    func tunnel(_ headers: HTTPHeaders, to upstream: Upstream) async throws {
        try await onLoop { handler, promise in
            handler.tunnel(headers, to: upstream, for: requestID, promise)
        }
    }

    /// Cuts the connection (the stream in HTTP/2) if the response is not whole.
    func cutUnlessEnded() async {
        channel.eventLoop.execute { handler.value.cut(requestID) }
    }

    private func finish(_ response: HTTPResponse, bytes: ByteBuffer?) async {
        // A client that is gone has no use for the response; its connection is closed already.
        try? await onLoop { handler, promise in
            handler.send(response.status, response.headers, bytes, for: requestID, promise)
        }
    }

    private func stream(
        _ response: HTTPResponse, length: Int?, _ write: @Sendable (ResponseWriter) async throws -> Void
    ) async {
        // To a client that is gone nothing is said; the body's first word will find that out.
        try? await start(response.status, response.headers, length: length)
        do {
            if !isHead { try await write(ResponseWriter { bytes in try await self.write(bytes) }) }
            try await end()
        } catch {
            // `cutUnlessEnded` follows: the client sees that the body is not whole.
        }
    }

    private func onLoop(
        _ act: @escaping @Sendable (ExchangeHandler, EventLoopPromise<Void>) -> Void
    ) async throws {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let handler = handler
        // Most often on the loop already. At once then, so that what a task says in one go leaves in one piece.
        if channel.eventLoop.inEventLoop {
            act(handler.value, promise)
        } else {
            channel.eventLoop.execute { act(handler.value, promise) }
        }
        do {
            try await promise.futureResult.get()
        } catch {
            throw ClientGone()
        }
    }
}
