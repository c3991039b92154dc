import Foundation
import NIOCore
import NIOPosix

/// A unix socket on which a test plays the guest.
struct FakeGuest {
    let socketPath: String

    /// Lends a listening fake: each connection is given to `guest`, raw, and closed when `guest` returns.
    /// - Parameter directoryName: of the socket's directory, to make its path as long as a test wants.
    static func lend(
        directoryName: String = "g",
        guest: @escaping @Sendable (inout FakeConnection) async throws -> Void,
        to body: @Sendable (FakeGuest, any EventLoopGroup) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let root = NSTemporaryDirectory() + "nestbox-" + UUID().uuidString.prefix(8)
        let path = root + "/" + directoryName
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }  // the host's own tidying finds what is left
        // Bound by its short name, then moved to where the test wants it.
        let bound = root + "/s"
        let bootstrap = ServerBootstrap(group: group).childChannelOption(.allowRemoteHalfClosure, value: true)
        let server = try await bootstrap.bind(unixDomainSocketPath: bound) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        let socketPath = path + "/guest.socket"
        try FileManager.default.moveItem(atPath: bound, toPath: socketPath)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await accept(server, guest) }
            try await body(FakeGuest(socketPath: socketPath), group)
            tasks.cancelAll()
        }
    }

    private static func accept(
        _ server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>,
        _ guest: @escaping @Sendable (inout FakeConnection) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { connections in
            try await server.executeThenClose { inbound in
                for try await connection in inbound {
                    connections.addTask {
                        // A client that hangs up first ends the fake's side with an error, which is what it asked for.
                        try? await connection.executeThenClose { inbound, _ in
                            var fake = FakeConnection(
                                inbound: inbound.makeAsyncIterator(), channel: connection.channel)
                            try await guest(&fake)
                        }
                    }
                }
            }
        }
    }
}

struct FakeConnection {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let channel: any Channel

    /// Returns once the kernel has taken the bytes.
    func write(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Waits until the client has said something, or has hung up.
    mutating func hear() async throws -> ByteBuffer? {
        try await inbound.next()
    }
}
