import NIOCore

/// How much one client may ask of the listener. Every bound of the edge stands here.
public struct EdgeLimits: Sendable {
    /// More connections than this are answered 503 and closed.
    public var connections = 4096
    /// Of a request's method, target and headers together, in bytes.
    public var headBytes = 64 << 10
    /// Of one header's name and value, in bytes.
    public var headerBytes = 32 << 10
    public var headerCount = 128
    /// Of a request's target, in bytes.
    public var targetBytes = 16 << 10
    /// One HTTP/1.1 connection answers this many requests, then closes.
    public var requestsPerConnection = 100_000
    /// At once, on one HTTP/2 connection. The official client opens one connection and multiplexes.
    public var concurrentStreams = 256
    /// From a connection's first moment to its first request, its TLS handshake included, and from a later request's
    /// first byte to its head's end.
    public var headTimeout: TimeAmount = .seconds(30)
    /// Between requests. Longer than the 300 s for which the official client keeps a connection, so that the client is
    /// the one who closes.
    public var idleTimeout: TimeAmount = .seconds(360)
    /// How long a client may neither send a body that is awaited nor read a response that is written.
    public var stallTimeout: TimeAmount = .seconds(600)
    /// How long, and of how many bytes, the rest of a request is read and thrown away after its response, so that the
    /// client gets to read the response before the connection is cut.
    public var lingerTimeout: TimeAmount = .seconds(5)
    public var lingerBytes = 8 << 20
    /// Of one read from a client, in bytes; also how far a body is read ahead of its reader.
    public var readBytes = 256 << 10

    public init() {}
}
