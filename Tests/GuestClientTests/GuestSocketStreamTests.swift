import GuestClient
import GuestProtocol
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct GuestSocketStreamTests {
    private static let path = "/run/nestbox/kernels/k.sock"

    @Test func `bytes go both ways, and each side's end is passed on by itself`() async throws {
        try await FakeGuest.lend { connection in
            let asked = try await connection.hear()
            let request = GuestRequest.dialSocket(DialSocket(path: Self.path, waitMilliseconds: 1500))
            #expect(asked.map { Array(buffer: $0) } == request.frame.bytes)
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello ".utf8))
            var heard = ""
            while let bytes = try await connection.hear() { heard += String(buffer: bytes) }
            try await connection.write(Array(heard.uppercased().utf8))
        } to: { guest, group in
            let text = try await GuestClient(group).withSocket(
                Self.path, wait: .milliseconds(1500), to: guest.socketPath
            ) { stream in
                try await stream.send(ByteBuffer(string: "question"))
                stream.finish()
                var text = ""
                while let bytes = try await stream.next() { text += String(buffer: bytes) }
                return text
            }
            #expect(text == "hello QUESTION")
        }
    }

    @Test(arguments: [1, 32 << 10, (32 << 10) + 1, 1 << 20])
    func `what is to be said first arrives first, a little of it along with the question`(bytes: Int) async throws {
        let question = GuestRequest.dialSocket(DialSocket(path: Self.path, waitMilliseconds: 0)).frame.bytes.count
        let goesAlong = bytes <= 32 << 10
        try await FakeGuest.lend { connection in
            var heard = 0
            while heard < question + (goesAlong ? bytes : 0), let part = try await connection.hear() {
                heard += part.readableBytes
            }
            #expect(heard == question + (goesAlong ? bytes : 0))
            try await connection.write(GuestReply.ok.frame.bytes)
            var rest = ""
            while let part = try await connection.hear() { rest += String(buffer: part) }
            #expect(rest == String(repeating: "1", count: goesAlong ? 0 : bytes) + "second")
        } to: { guest, group in
            let first = ByteBuffer(repeating: UInt8(ascii: "1"), count: bytes)
            try await GuestClient(group).withSocket(Self.path, saying: first, to: guest.socketPath) { stream in
                try await stream.send(ByteBuffer(string: "second"))
                stream.finish()
                while try await stream.next() != nil {}
            }
        }
    }

    @Test func `what comes with the answer is heard at once, also if nothing follows it`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello".utf8))
            // Says nothing and stays, until it is answered.
            #expect(try await connection.hear().map { String(buffer: $0) } == "I heard hello")
        } to: { guest, group in
            for _ in 0..<100 {
                try await GuestClient(group).withSocket(Self.path, to: guest.socketPath) { stream in
                    let heard = try await stream.next().map { String(buffer: $0) }
                    try await stream.send(ByteBuffer(string: "I heard \(heard ?? "nothing")"))
                    while try await stream.next() != nil {}
                }
            }
        }
    }

    @Test func `a guest that speaks and leaves at once is heard to the end`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes + Array("all of it".utf8))
        } to: { guest, group in
            let text = try await GuestClient(group).withSocket(Self.path, to: guest.socketPath) { stream in
                var text = ""
                while let bytes = try await stream.next() { text += String(buffer: bytes) }
                return text
            }
            #expect(text == "all of it")
        }
    }

    @Test func `a reader that stops stops the writer`() async throws {
        let far = 64 << 20
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<(far / piece.count) { try await connection.write(piece) }
            Issue.record("nobody has read what was written")
        } to: { guest, group in
            try await GuestClient(group).withSocket(Self.path, to: guest.socketPath, on: group.any()) { stream in
                let first = try await stream.next()
                #expect((first?.readableBytes ?? 0) <= 2 * GuestClientLimits.readBytes)
                // The kernel's own buffers hold less than what is left.
                try await stream.send(ByteBuffer(string: "go"))
            }
        }
    }

    @Test func `a cancelled task breaks the connection off`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            while try await connection.hear() != nil {}
        } to: { guest, group in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let (begun, begin) = AsyncStream.makeStream(of: Void.self)
                tasks.addTask {
                    await #expect(throws: GuestClientError.cancelled) {
                        try await GuestClient(group).withSocket(Self.path, to: guest.socketPath) { stream in
                            begin.finish()
                            _ = try await stream.next()
                        }
                    }
                }
                for await _ in begun {}
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
        }
    }

    @Test(arguments: [GuestFailure.Code.connectionRefused, .notFound])
    func `a refusal is the guest's own`(code: GuestFailure.Code) async throws {
        let refusal = GuestFailure(code, "no")
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.failure(refusal).frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            await #expect(throws: GuestClientError.failure(refusal)) {
                try await GuestClient(group).withSocket(Self.path, to: guest.socketPath) { _ in }
            }
        }
    }

    @Test func `a path that fits in no frame is refused before anything is sent`() async throws {
        let path = String(repeating: "a", count: 2 << 20)
        try await FakeGuest.lend { _ in
        } to: { guest, group in
            await #expect(throws: GuestClientError.self) {
                try await GuestClient(group).withSocket(path, to: guest.socketPath) { _ in }
            }
        }
    }
}
