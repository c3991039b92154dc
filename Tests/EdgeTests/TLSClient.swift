import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL

@testable import Edge

/// What a client with `SSL_CERT_FILE` has.
func clientContext(trusting authority: CertificateAuthority, protocols: [String]) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    let pem = Array(try authority.certificate.serializeAsPEM().pemString.utf8)
    configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: pem, format: .pem)])
    configuration.applicationProtocols = protocols
    return try NIOSSLContext(configuration: configuration)
}

/// Sends `request` over TLS and gives all that comes until the server closes.
func exchange(
    _ request: String, port: Int, tls name: String, trusting authority: CertificateAuthority, protocols: [String]
) async throws -> String {
    let context = try clientContext(trusting: authority, protocols: protocols)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = try NIOSSLClientHandler(context: context, serverHostname: name)
                try channel.pipeline.syncOperations.addHandler(handler)
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: request))
        var answer = ByteBuffer()
        for try await var part in inbound { answer.writeBuffer(&part) }
        return String(buffer: answer)
    }
}

/// An HTTP/2 client that awaits whole responses.
struct HTTP2Client: Sendable {
    struct Answer: Sendable {
        var status = HTTPResponseStatus.custom(code: 0, reasonPhrase: "none")
        var body = ByteBuffer()
    }

    typealias Stream = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private let multiplexer: NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    static func connected(
        to edge: EdgeFixture, isSecure: Bool, _ body: (HTTP2Client) async throws -> Void
    ) async throws {
        let context = try clientContext(trusting: edge.authority, protocols: ["h2"])
        let (channel, multiplexer) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: edge.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSecure {
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: "api.sbx.localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let multiplexer = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
                        mode: .client, streamDelegate: nil, configuration: .init()
                    ) { stream in stream.eventLoop.makeSucceededVoidFuture() }
                    return (channel, multiplexer)
                }
            }
        do {
            try await body(HTTP2Client(multiplexer: multiplexer))
            try await channel.close()
        } catch {
            // What the test found is the news.
            try? await channel.close()
            throw error
        }
    }

    func exchange(
        _ method: HTTPMethod, _ path: String, authority: String, body: ByteBuffer? = nil
    ) async throws -> Answer {
        try await openStream().executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await outbound.write(.head(Self.head(method, path, authority)))
                    // The server may have said all before it has read all.
                    if let body { try? await outbound.write(.body(.byteBuffer(body))) }
                    try? await outbound.write(.end(nil))
                }
                var answer = Answer()
                for try await part in inbound {
                    switch part {
                    case .head(let head): answer.status = head.status
                    case .body(var bytes): answer.body.writeBuffer(&bytes)
                    case .end:
                        group.cancelAll()
                        return answer
                    }
                }
                return answer
            }
        }
    }

    /// Begins a request, reads the beginning of the response and resets the stream.
    func abandon(_ path: String) async throws {
        try await openStream().executeThenClose { inbound, outbound in
            try await outbound.write(.head(Self.head(.GET, path, "a")))
            try await outbound.write(.end(nil))
            for try await part in inbound {
                if case .body = part { return }
            }
        }
    }

    private func openStream() async throws -> Stream {
        try await multiplexer.openStream { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .http))
                return try Stream(wrappingChannelSynchronously: stream)
            }
        }
    }

    private static func head(_ method: HTTPMethod, _ path: String, _ authority: String) -> HTTPRequestHead {
        HTTPRequestHead(version: .init(major: 2, minor: 0), method: method, uri: path, headers: ["host": authority])
    }
}
