import GuestProtocol
import Testing
import WireCoding

@Suite struct FrameDecoderTests {
    private let frames = [Frame(kind: 1, payload: [1, 2, 3]), Frame(kind: 2), Frame(kind: 255, payload: [0])]

    private func decode(_ parts: [[UInt8]]) throws -> [Frame] {
        var decoder = FrameDecoder()
        var decoded: [Frame] = []
        for part in parts {
            decoder.append(part)
            while let frame = try decoder.next() { decoded.append(frame) }
        }
        return decoded
    }

    @Test func `frames come out whole wherever the stream is split`() throws {
        let bytes = frames.flatMap(\.bytes)
        for split in 0...bytes.count {
            #expect(try decode([Array(bytes[..<split]), Array(bytes[split...])]) == frames)
        }
        #expect(try decode(bytes.map { [$0] }) == frames)
    }

    @Test func `a payload at the limit is taken, one byte more is refused by its header alone`() throws {
        let largest = Frame(kind: 1, payload: [UInt8](repeating: 7, count: WireLimits.payloadBytes))
        #expect(try decode([largest.bytes]) == [largest])
        let length = UInt32(WireLimits.payloadBytes + 1)
        let header = withUnsafeBytes(of: length.littleEndian) { Array($0) } + [1]
        #expect(throws: WireError.tooLong(length: Int(length), limit: WireLimits.payloadBytes)) {
            try decode([header])
        }
    }

    @Test func `content that has come whole is seen and not taken, wherever it is cut into frames`() throws {
        let whole = [Frame(kind: 1, payload: [1, 2]), Frame(kind: 1), Frame(kind: 1, payload: [3]), Frame(kind: 2)]
        let bytes = whole.flatMap(\.bytes)
        var decoder = FrameDecoder()
        for byte in bytes {
            #expect(try decoder.content(of: 1, until: 2) == nil)
            decoder.append([byte])
        }
        #expect(try decoder.content(of: 1, until: 2) == [1, 2, 3])
        #expect(try decoder.content(of: 1, until: 3) == nil && decoder.next() == whole[0])
        #expect(try decoder.content(of: 1, until: 2) == [3])
    }

    @Test func `what follows the last frame is handed out as it is`() throws {
        var decoder = FrameDecoder()
        decoder.append(frames[0].bytes + [9, 8])
        #expect(try decoder.next() == frames[0])
        #expect(decoder.takeRest() == [9, 8])
        #expect(decoder.takeRest() == [])
        #expect(try decoder.next() == nil)
    }
}
