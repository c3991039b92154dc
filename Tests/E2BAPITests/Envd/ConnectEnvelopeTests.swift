import HTTPExchange
import NIOCore
import Synchronization
import Testing

@testable import E2BAPI

@Suite struct ConnectEnvelopeTests {
    /// A request body that comes in the given pieces.
    private static func body(_ pieces: [[UInt8]]) -> RequestBody {
        let rest = Pieces(pieces)
        return RequestBody { rest.next() }
    }

    private static func envelope(_ flags: UInt8, _ text: String) -> [UInt8] {
        let length = UInt32(text.utf8.count)
        return [flags] + withUnsafeBytes(of: length.bigEndian) { Array($0) } + Array(text.utf8)
    }

    @Test func `what is written is what is read`() throws {
        var buffer = ByteBuffer()
        ConnectEnvelope.write(into: &buffer) { $0.writeStaticString("{}") }
        #expect(Array(buffer.readableBytesView) == Self.envelope(0, "{}"))
        #expect(try ConnectEnvelope.take(from: &buffer, limit: 2)?.payload == ByteBuffer(string: "{}"))
        #expect(buffer.readableBytes == 0)
    }

    @Test func `messages come whole, whatever the pieces`() async throws {
        let stream = Self.envelope(0, #"{"a":1}"#) + Self.envelope(0, "{}") + Self.envelope(2, "{}")
        for size in 1...stream.count {
            let pieces = stride(from: 0, to: stream.count, by: size).map {
                Array(stream[$0..<min($0 + size, stream.count)])
            }
            var messages = ConnectMessages(Self.body(pieces))
            let first = try await messages.next()
            let second = try await messages.next()
            let end = try await messages.next()
            #expect(first == ByteBuffer(string: #"{"a":1}"#))
            #expect(second == ByteBuffer(string: "{}"))
            #expect(end == nil)
        }
    }

    private static let refused: [(bytes: [UInt8], reason: String)] = [
        (envelope(1, "{}"), "flags 1"),  // compressed
        (envelope(4, "{}"), "flags 4"),
        (envelope(255, "{}"), "flags 255"),
        ([0, 255, 255, 255, 255], "over the limit"),
        ([], "has none"),
        ([0, 0, 0], "in the middle of an envelope"),
        ([0, 0, 0, 0, 2, 0x7b], "in the middle of an envelope"),
        (envelope(2, "{}"), "has none"),
        ([0, 0, 0, 0, 2, 0x7b, 0x7d, 0, 0, 0, 0, 0], "has more"),
        ([0, 0, 0, 0, 2, 0x7b, 0x7d, 0], "in the middle of an envelope"),
        ([0, 0, 0, 0, 2, 0x7b, 0x7d, 2, 0, 0, 0, 0, 7], "behind the end"),
        ]

    @Test(arguments: refused)
    func `a stream that is not exactly one message is refused`(bytes: [UInt8], reason: String) async throws {
        var messages = ConnectMessages(Self.body([bytes]))
        do {
            _ = try await messages.only()
            Issue.record("accepted")
        } catch let error as ConnectError {
            #expect(error.message.contains(reason))
        }
    }
}

/// Gives its pieces one by one.
final class Pieces: Sendable {
    private let rest: Mutex<ArraySlice<[UInt8]>>

    init(_ pieces: [[UInt8]]) {
        rest = Mutex(pieces[...])
    }

    func next() -> ByteBuffer? {
        rest.withLock { $0.popFirst() }.map { ByteBuffer(bytes: $0) }
    }
}
