import NIOCore
import NIOPosix

/// A client that says exactly what it is told, byte for byte, and nothing more.
struct RawClient {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var seen = ByteBuffer()

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Lends a connection to `port` of the loopback.
    static func connected<R: Sendable>(
        to port: Int, _ body: (inout RawClient) async throws -> R
    ) async throws -> R {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = RawClient(inbound, outbound)
            return try await body(&client)
        }
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await outbound.write(bytes)
    }

    /// All that comes until `mark` has come; what comes after it is kept for the next call.
    mutating func read(through mark: String) async throws -> String {
        while true {
            let text = String(buffer: seen)
            if let range = text.range(ofText: mark) {
                let found = String(text[..<range.upperBound])
                seen.moveReaderIndex(forwardBy: found.utf8.count)
                return found
            }
            guard var part = try await inbound.next() else { throw Ended(after: text) }
            seen.writeBuffer(&part)
        }
    }

    /// All that comes until the server closes.
    mutating func readToEnd() async throws -> String {
        do {
            while var part = try await inbound.next() { seen.writeBuffer(&part) }
        } catch is IOError {
            // Reset is an end too.
        }
        defer { seen.clear() }
        return String(buffer: seen)
    }

    struct Ended: Error {
        let after: String
    }
}

extension String {
    /// The first place of `other`, without Foundation.
    func range(ofText other: String) -> Range<Index>? {
        firstRange(of: other)
    }
}

/// Sends `request` and gives all that comes until the server closes.
func exchange(_ request: String, port: Int) async throws -> String {
    try await RawClient.connected(to: port) { client in
        try await client.send(request)
        return try await client.readToEnd()
    }
}
