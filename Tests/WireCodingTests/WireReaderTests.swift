import Testing

@testable import WireCoding

@Suite struct WireReaderTests {
    @Test func `integers are little-endian and keep their sign`() throws {
        var writer = WireWriter()
        writer.write(UInt16(0x0102))
        writer.write(Int32(-2))
        writer.write(UInt64.max)
        writer.write(Int64.min)
        #expect(writer.bytes.prefix(6) == [2, 1, 0xFE, 0xFF, 0xFF, 0xFF])
        var reader = WireReader(writer.bytes)
        #expect(try reader.integer(UInt16.self) == 0x0102)
        #expect(try reader.integer(Int32.self) == -2)
        #expect(try reader.integer(UInt64.self) == .max)
        #expect(try reader.integer(Int64.self) == .min)
        try reader.finish()
    }

    @Test(arguments: [UInt8(2), 128, 255]) func `a Boolean is 0 or 1`(byte: UInt8) {
        var reader = WireReader([byte])
        #expect(throws: WireError.unknownTag(byte)) { try reader.boolean() }
    }

    @Test func `a length over the limit is refused before anything is taken`() {
        var writer = WireWriter()
        writer.write(UInt32.max)
        var reader = WireReader(writer.bytes)
        #expect(throws: WireError.tooLong(length: Int(UInt32.max), limit: WireLimits.payloadBytes)) {
            try reader.blob()
        }
    }

    @Test func `a blob at the limit is taken, one byte more is not`() throws {
        var writer = WireWriter()
        writer.write([UInt8](repeating: 1, count: 10))
        var fits = WireReader(writer.bytes)
        #expect(try fits.blob(limit: 10).count == 10)
        var exceeds = WireReader(writer.bytes)
        #expect(throws: WireError.tooLong(length: 10, limit: 9)) { try exceeds.blob(limit: 9) }
    }

    @Test func `a blob that ends too early is refused`() {
        var reader = WireReader([5, 0, 0, 0, 1, 2])
        #expect(throws: WireError.truncated) { try reader.blob() }
    }

    @Test(arguments: [[UInt8]]([[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]]))
    func `a text that is not UTF-8 is refused`(bytes: [UInt8]) {
        var writer = WireWriter()
        writer.write(bytes)
        var reader = WireReader(writer.bytes)
        #expect(throws: WireError.notUTF8) { try reader.text() }
    }

    @Test func `a list with too many elements is refused without reading them`() {
        var writer = WireWriter()
        writer.write(UInt32(WireLimits.listCount + 1))
        var reader = WireReader(writer.bytes)
        #expect(throws: WireError.tooLong(length: WireLimits.listCount + 1, limit: WireLimits.listCount)) {
            try reader.texts()
        }
    }

    @Test func `bytes that are left over are refused`() {
        #expect(throws: WireError.trailingBytes(1)) {
            try WirePair(wireBytes: WirePair(name: "a", value: "b").wireBytes + [0])
        }
    }

    @Test(arguments: [WirePair(name: "", value: ""), WirePair(name: "ü\0", value: "🪺")])
    func `a pair comes back as it was`(pair: WirePair) throws {
        #expect(try WirePair(wireBytes: pair.wireBytes) == pair)
    }

    @Test func `optionals keep nil apart from empty`() throws {
        var writer = WireWriter()
        writer.write(optionalText: nil)
        writer.write(optionalText: "")
        var reader = WireReader(writer.bytes)
        #expect(try reader.optionalText() == nil)
        #expect(try reader.optionalText() == "")
        try reader.finish()
    }
}
