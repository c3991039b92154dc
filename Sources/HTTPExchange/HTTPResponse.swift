import NIOCore
import NIOHTTP1

/// What a handler answers. Framing (`Content-Length`, chunks, HTTP/2 data) is the edge's.
public struct HTTPResponse: Sendable {
    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: ResponseBody

    public init(status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ResponseBody = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON body that is encoded already.
    public static func json(_ status: HTTPResponseStatus, _ bytes: ByteBuffer) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["content-type": "application/json"], body: .bytes(bytes))
    }
}

public enum ResponseBody: Sendable {
    case empty
    case bytes(ByteBuffer)
    /// Written while it is made. The head is sent before the closure runs. `length` in bytes if it is known. The
    /// closure's task is cancelled when the client goes away, and the closure runs also for one that is gone already:
    /// what the request sets going need not be seen. If it throws, the connection is cut, so that the client cannot
    /// take the body for whole.
    case stream(length: Int?, @Sendable (ResponseWriter) async throws -> Void)
}

/// Takes a streamed body, part by part.
public struct ResponseWriter: Sendable {
    private let send: @Sendable (ByteBuffer) async throws -> Void

    public init(send: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.send = send
    }

    /// Returns once the part was handed to the transport, and suspends while the client does not read.
    /// - Throws: `ClientGone`, or `CancellationError`.
    public func write(_ bytes: ByteBuffer) async throws {
        try await send(bytes)
    }
}

/// Answers requests. Never throws: an error is a response.
public protocol HTTPResponder: Sendable {
    func respond(to request: HTTPRequest) async -> HTTPResponse
}
