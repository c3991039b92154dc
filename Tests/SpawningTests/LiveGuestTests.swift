import CLinux
import Glibc
import GuestProtocol
import LinuxSystem
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite(.serialized, .enabled(if: geteuid() == 0, "making sandboxes needs root"))
struct LiveGuestTests {
    @Test func `the guest answers at once in a sandbox that was just made`() throws {
        try SpawnerFixture.withSpawner(guest: "nestbox-guest") { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            let reply = try ask(.ping, spawner.socketPath("one.sock"))
            #expect(reply == .ok)
        }
    }

    @Test func `a daemon listens by the time its starter returns`() throws {
        try SpawnerFixture.withSpawner { spawner in
            spawner.killSpawner()
            let status = try spawner.runAnother("--daemonize")
            #expect(status == 0)
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            #expect(try spawner.ask("one", "cat /lower") == "here")
            _ = try server.perform(.destroy(sandboxID: "one"))
            #expect(try server.nextEnd() == ("one", .destroyed))
            kill(server.peerPid, SIGTERM)
            #expect(throws: (any Error).self) { try server.receive() }
        }
    }

    @Test func `a daemon that cannot start says so by its starter's status`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let status = try spawner.runAnother("--daemonize")
            #expect(status == 1)
        }
    }

    private func ask(_ request: GuestRequest, _ path: String) throws -> GuestReply {
        let socket = try UnixSocket.connect(path, type: SOCK_STREAM)
        let bytes = request.frame.bytes
        guard nb_send(socket.number, bytes, bytes.count, -1) == bytes.count else { throw SyscallError("send") }
        var decoder = FrameDecoder()
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            if let frame = try decoder.next() { return try GuestReply(frame: frame) }
            let count = try check("read") { read(socket.number, &chunk, chunk.count) }
            guard count > 0 else { throw TestFailure("the guest hung up") }
            decoder.append(chunk.prefix(count))
        }
    }
}
