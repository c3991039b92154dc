import GuestProtocol
import NIOCore
import Synchronization
import Testing

@testable import GuestClient

@Suite(.timeLimit(.minutes(1))) struct GuestLineTests {
    private static let path = "/run/nestbox/kernels/k.sock"

    @Test func `what is said over a line arrives without another dial, and what came before is heard`() async throws {
        try await FakeGuest.lend { connection in
            let asked = try await connection.hear()
            let dial = GuestRequest.dialSocket(DialSocket(path: Self.path, waitMilliseconds: 0))
            #expect(asked.map { Array(buffer: $0) } == dial.frame.bytes)
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello ".utf8))
            let question = try await connection.hear().map { String(buffer: $0) }
            try await connection.write(Array("\(question ?? "nothing") heard".utf8))
        } to: { guest, group in
            try await withTaskExecutorPreference(LoopExecutor(group.any())) {
                let client = GuestClient(group)
                let line = try await client.line(to: Self.path, of: guest.socketPath)
                let text = try await client.withSocket(over: line, saying: ByteBuffer(string: "question")) { stream in
                    var text = ""
                    while let bytes = try await stream.next() { text += String(buffer: bytes) }
                    return text
                }
                #expect(text == "hello question heard")
                let again = try await client.withSocket(over: line, saying: ByteBuffer()) { _ in true }
                #expect(again == nil)
            }
        }
    }

    @Test(arguments: [1, 1 << 20])
    func `much is said over a line as a little is`(bytes: Int) async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            var heard = 0
            while heard < bytes, let part = try await connection.hear() { heard += part.readableBytes }
            try await connection.write(Array("\(heard)".utf8))
        } to: { guest, group in
            try await withTaskExecutorPreference(LoopExecutor(group.any())) {
                let client = GuestClient(group)
                let line = try await client.line(to: Self.path, of: guest.socketPath)
                let first = ByteBuffer(repeating: 1, count: bytes)
                let answer = try await client.withSocket(over: line, saying: first) { try await $0.next() }
                #expect(answer.flatMap { $0 }.map { String(buffer: $0) } == "\(bytes)")
            }
        }
    }

    @Test func `a line whose other side has left is of no use, and nothing is said`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello".utf8))
        } to: { guest, group in
            try await withTaskExecutorPreference(LoopExecutor(group.any())) {
                let client = GuestClient(group)
                let line = try await client.line(to: Self.path, of: guest.socketPath)
                // Not by yielding: the event loop would never look at its sockets.
                while line.isUsable { try await Task.sleep(for: .milliseconds(1)) }
                let result = try await client.withSocket(over: line, saying: ByteBuffer(string: "x")) { _ in true }
                #expect(result == nil)
            }
        }
    }

    @Test func `a line is of use on its own event loop alone`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            while try await connection.hear() != nil {}
        } to: { guest, group in
            let client = GuestClient(group)
            #expect(!client.isOnEventLoop)
            let line = try await client.line(to: Self.path, of: guest.socketPath)
            let result = try await client.withSocket(over: line, saying: ByteBuffer(string: "x")) { _ in true }
            #expect(result == nil)
            await withTaskExecutorPreference(LoopExecutor(line.lease.channel.eventLoop)) {
                #expect(client.isOnEventLoop && line.isUsable)
            }
        }
    }

    @Test func `a line that nobody holds is hung up`() async throws {
        let (hungUp, tell) = AsyncStream.makeStream(of: Void.self)
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            while try await connection.hear() != nil {}
            tell.finish()
        } to: { guest, group in
            _ = try await GuestClient(group).line(to: Self.path, of: guest.socketPath)
            for await _ in hungUp {}
        }
    }
}
