import GuestClient
import NIOCore
import NIOPosix
import Synchronization

@testable import Edge

/// One connection that a raw server has accepted.
final class RawConnection: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let parts: Mailbox<ByteBuffer>
    private let seen = Mutex(ByteBuffer())

    init(_ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ parts: Mailbox<ByteBuffer>) {
        self.outbound = outbound
        self.parts = parts
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// All that comes until `mark` has come.
    func read(through mark: String) async throws -> String {
        while true {
            let found = seen.withLock { seen -> String? in
                let text = String(buffer: seen)
                guard let range = text.range(ofText: mark) else { return nil }
                let found = String(text[..<range.upperBound])
                seen.moveReaderIndex(forwardBy: found.utf8.count)
                return found
            }
            if let found { return found }
            guard var part = try await parts.next() else { throw ChannelError.eof }
            seen.withLock { _ = $0.writeBuffer(&part) }
        }
    }
}

/// Lends a server on a free port that runs `script` for each connection and closes it after.
func withRawServer(
    _ script: @escaping @Sendable (RawConnection) async throws -> Void,
    _ body: @escaping @Sendable (Int) async throws -> Void
) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    let port = server.channel.localAddress?.port ?? 0
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { try await serve(connection, script) }
                    }
                }
            }
        }
        group.addTask { try await body(port) }
        // The server ends with a cancellation only.
        try await group.next()
        group.cancelAll()
    }
}

private func serve(
    _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ script: @Sendable (RawConnection) async throws -> Void
) async throws {
    // A client that hangs up first is part of the play.
    try? await connection.executeThenClose { inbound, outbound in
        let parts = Mailbox<ByteBuffer>(demand: {})
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await part in inbound { parts.deliver(part) }
                    parts.finish()
                } catch {
                    parts.fail(error)
                }
            }
            try await script(RawConnection(outbound, parts))
            group.cancelAll()
        }
    }
}
