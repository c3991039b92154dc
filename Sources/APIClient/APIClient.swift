import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 client for the commands: one connection is one request. No TLS: the commands run on the server's
/// own machine or reach it through something that has it.
public struct APIClient: Sendable {
    public static let connectTimeout: TimeAmount = .seconds(5)
    /// Of an answer that is taken as a whole, in bytes.
    public static let answerLimit = 16 << 20
    static let defaultPort = 80

    private let host: String
    private let port: Int
    private let authority: String

    /// - Parameter url: `http://HOST[:PORT]`, an IPv6 address in brackets.
    /// - Throws: `APIClientError.notAURL`.
    public init(url: String) throws(APIClientError) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else { throw .notAURL(url) }
        authority = String(url.dropFirst(scheme.count).prefix { $0 != "/" })
        guard let (host, port) = Self.split(authority) else { throw .notAURL(url) }
        self.host = host
        self.port = port
    }

    /// - Returns: the answer, whatever its status.
    /// - Throws: `APIClientError`.
    public func send(_ request: APIRequest) async throws -> APIAnswer {
        try await stream(request) { head, body in
            var whole = ByteBuffer()
            while var part = try await body.next() {
                guard whole.readableBytes + part.readableBytes <= Self.answerLimit else {
                    throw APIClientError.tooLong(limit: Self.answerLimit)
                }
                whole.writeBuffer(&part)
            }
            return APIAnswer(status: Int(head.status.code), headers: head.headers, body: whole)
        }
    }

    /// Lends the answer as it comes; the connection ends with `body`.
    public func stream<Result: Sendable>(
        _ request: APIRequest, _ body: (HTTPResponseHead, inout AnswerBody) async throws -> Result
    ) async throws -> Result {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            // At once: a server that answers and hangs up as soon as it has read the body leaves no time for an end.
            try await outbound.write(
                contentsOf: [.head(head(of: request)), .body(.byteBuffer(request.body)), .end(nil)])
            var parts = AnswerBody(parts: inbound.makeAsyncIterator())
            return try await body(try await parts.head(), &parts)
        }
    }

    private func head(of request: APIRequest) -> HTTPRequestHead {
        var headers = request.headers
        headers.replaceOrAdd(name: "host", value: authority)
        headers.replaceOrAdd(name: "content-length", value: String(request.body.readableBytes))
        headers.replaceOrAdd(name: "connection", value: "close")
        return HTTPRequestHead(version: .http1_1, method: request.method, uri: request.target, headers: headers)
    }

    private func connect() async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.connectTimeout)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw APIClientError.unreachable("http://\(authority)", String(describing: error))
        }
    }

    private static func split(_ authority: String) -> (String, Int)? {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let host = String(authority[authority.index(after: authority.startIndex)..<end])
            let rest = authority[authority.index(after: end)...]
            if rest.isEmpty { return (host, defaultPort) }
            guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()) else { return nil }
            return (host, Int(port))
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (String(host), defaultPort) }
        return UInt16(parts[1]).map { (String(host), Int($0)) }
    }
}

public struct APIRequest: Sendable {
    public var method: HTTPMethod
    /// Path and query.
    public var target: String
    public var headers: HTTPHeaders
    public var body: ByteBuffer

    public init(_ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}

public struct APIAnswer: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: ByteBuffer

    public init(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer's body, part by part.
public struct AnswerBody {
    var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private var isOver = false

    init(parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
        self.parts = parts
    }

    mutating func head() async throws -> HTTPResponseHead {
        while let part = try await parts.next() {
            // 1xx heads come before the one that counts.
            if case .head(let head) = part, head.status.code >= 200 { return head }
        }
        throw APIClientError.hungUp
    }

    /// - Returns: nil at the end.
    /// - Throws: `APIClientError.hungUp` if the server went away before it.
    public mutating func next() async throws -> ByteBuffer? {
        guard !isOver else { return nil }
        while let part = try await parts.next() {
            switch part {
            case .head: continue
            case .body(let bytes): return bytes
            case .end:
                isOver = true
                return nil
            }
        }
        throw APIClientError.hungUp
    }
}

public enum APIClientError: Error, Hashable, CustomStringConvertible {
    case notAURL(String)
    case unreachable(String, String)
    case hungUp
    case tooLong(limit: Int)

    public var description: String {
        switch self {
        case .notAURL(let text): "'\(text)' is not http://HOST:PORT"
        case .unreachable(let url, let cause): "nobody answers at \(url): \(cause)"
        case .hungUp: "the server hung up before it had said all"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        }
    }
}
