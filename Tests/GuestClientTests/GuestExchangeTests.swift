import GuestClient
import GuestProtocol
import NIOCore
import Synchronization
import Testing
import WireCoding

@Suite struct GuestExchangeTests {
    @Test func `output comes in order, then the exit, then the end`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            let replies: [GuestReply] = [
                .started(5), .output(ProcessOutput(channel: .standardError, bytes: [1, 2])),
                .exited(ProcessExit(code: 3)),
            ]
            // Byte by byte: frames do not respect reads.
            for byte in replies.flatMap(\.frame.bytes) { try await connection.write([byte]) }
        } to: { guest, group in
            let heard = try await GuestClient(group).withExchange(.listProcesses, to: guest.socketPath) { exchange in
                var heard: [GuestReply] = []
                while let message = try await exchange.next() {
                    switch message {
                    case .reply(let reply): heard.append(reply)
                    case .output(let channel, let bytes):
                        heard.append(.output(ProcessOutput(channel: channel, bytes: Array(bytes.readableBytesView))))
                    case .bytes, .idle: Issue.record("nobody sent that")
                    }
                }
                return heard
            }
            #expect(
                heard == [
                    .started(5), .output(ProcessOutput(channel: .standardError, bytes: [1, 2])),
                    .exited(ProcessExit(code: 3)),
                ])
        }
    }

    @Test func `a file's bytes arrive whole, whatever the frames and reads`() async throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await FakeGuest.lend { connection in
            for start in stride(from: 0, to: content.count, by: 70_001) {
                let part = Array(content[start..<min(start + 70_001, content.count)])
                try await connection.write(GuestReply.bytes(part).frame.bytes)
                try await connection.write(GuestReply.bytes([]).frame.bytes)
            }
            try await connection.write(GuestReply.end.frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            let received = try await GuestClient(group).withExchange(
                .readFile(ReadFile(path: FilePath("/f"))), to: guest.socketPath
            ) { exchange in
                var received = ByteBuffer()
                while case .bytes(var part) = try await exchange.next() { received.writeBuffer(&part) }
                return received
            }
            #expect(Array(received.readableBytesView) == content)
        }
    }

    @Test func `a hang-up in the middle of a frame is a violation, not an end`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write([10, 0, 0, 0, 0x88, 1, 2, 3])
        } to: { guest, group in
            await #expect(throws: GuestClientError.protocolViolation("the guest hung up in the middle of a frame")) {
                try await GuestClient(group).withExchange(.listProcesses, to: guest.socketPath) { exchange in
                    while try await exchange.next() != nil {}
                }
            }
        }
    }

    @Test func `a slow reader stops the guest`() async throws {
        let written = Atomic(0)
        let chunk = GuestReply.bytes([UInt8](repeating: 7, count: 60_000)).frame.bytes
        try await FakeGuest.lend { connection in
            while written.load(ordering: .relaxed) < 100 << 20 {
                try await connection.write(chunk)
                written.add(chunk.count, ordering: .relaxed)
            }
        } to: { guest, group in
            try await GuestClient(group).withExchange(.listProcesses, to: guest.socketPath) { exchange in
                guard case .bytes = try await exchange.next() else { throw GuestClientError.hungUp }
                // Until the fake has written no more for a while, which it can only be because nobody reads.
                var before = -1
                while before != written.load(ordering: .relaxed) {
                    before = written.load(ordering: .relaxed)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(written.load(ordering: .relaxed) < 4 << 20)
            }
        }
    }

    @Test func `a guest that breaks off an upload has its reason heard`() async throws {
        let refusal = GuestFailure(.noSpace, "no space left on device", errorNumber: 28)
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.failure(refusal).frame.bytes)
        } to: { guest, group in
            await #expect(throws: GuestClientError.failure(refusal)) {
                try await GuestClient(group).withExchange(
                    .writeFile(WriteFile(path: FilePath("/f"))), to: guest.socketPath
                ) { exchange in
                    let part = ByteBuffer(repeating: 1, count: 1 << 20)
                    while true { try await exchange.send(bytes: part) }
                }
            }
        }
    }

    @Test func `silence is told again and again`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            _ = try await connection.hear()
        } to: { guest, group in
            try await GuestClient(group).withExchange(
                .listProcesses, to: guest.socketPath, idle: .milliseconds(10)
            ) { exchange in
                for _ in 0..<3 {
                    guard case .idle = try await exchange.next() else { throw GuestClientError.hungUp }
                }
            }
        }
    }
}
