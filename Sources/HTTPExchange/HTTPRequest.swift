import NIOCore
import NIOHTTP1

/// One request as handlers see it, whichever protocol version and transport it came by.
public struct HTTPRequest: Sendable {
    public let method: HTTPMethod
    public let target: RequestTarget
    public let headers: HTTPHeaders
    /// To be read at most once.
    public let body: RequestBody
    /// Stands in the log with everything said about this request.
    public let id: String

    public init(method: HTTPMethod, target: RequestTarget, headers: HTTPHeaders, body: RequestBody, id: String) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.id = id
    }
}

/// A request's body as it arrives. Back-pressure is the reader's: nothing is read from the client ahead of it.
public struct RequestBody: Sendable, AsyncSequence {
    public typealias Element = ByteBuffer

    private let next: @Sendable () async throws -> ByteBuffer?

    /// - Parameter next: the next part, or nil at the end. Throws if the client went away before the end.
    public init(next: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.next = next
    }

    /// A body that is there already.
    public init(_ bytes: ByteBuffer) {
        let rest = OneBuffer(bytes)
        self.init { await rest.take() }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let step: @Sendable () async throws -> ByteBuffer?

        public func next() async throws -> ByteBuffer? {
            try await step()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(step: next)
    }

    /// The whole body.
    /// - Parameter admit: asked before each part is kept, by its length.
    /// - Throws: `BodyTooLarge` as soon as it is longer than `limit` bytes, or what `admit` throws; the rest is not
    ///   read.
    public func collect(upTo limit: Int, admit: (Int) throws -> Void = { _ in }) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        for try await var part in self {
            guard whole.readableBytes + part.readableBytes <= limit else { throw BodyTooLarge(limit: limit) }
            try admit(part.readableBytes)
            whole.writeBuffer(&part)
        }
        return whole
    }
}

/// A body over the limit of its kind, in bytes.
public struct BodyTooLarge: Error, Hashable {
    public let limit: Int

    public init(limit: Int) {
        self.limit = limit
    }
}

/// The client went away before it had said all.
public struct ClientGone: Error, Hashable {
    public init() {}
}

private actor OneBuffer {
    private var bytes: ByteBuffer?

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func take() -> ByteBuffer? {
        defer { bytes = nil }
        return bytes
    }
}
