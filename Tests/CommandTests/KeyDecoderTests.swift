import Testing

@testable import nestbox

@Suite struct KeyDecoderTests {
    static func keys(_ pieces: String...) -> [Key] {
        var decoder = KeyDecoder()
        return pieces.flatMap { decoder.take(Array($0.utf8)) }
    }

    @Test(arguments: [
        ("\u{1b}[A", Key.up), ("\u{1b}OA", .up), ("\u{1b}[H", .lineStart), ("\u{1b}[1~", .lineStart),
        ("\u{1b}[3~", .delete), ("\u{1b}[1;5C", .wordRight), ("\u{1b}b", .wordLeft), ("\u{1b}\r", .newline),
        ("\u{1}", .lineStart), ("\u{5}", .lineEnd), ("\u{b}", .cutToEnd), ("\u{15}", .cutToStart), ("\u{17}", .cutWord),
        ("\u{c}", .clearScreen), ("\u{3}", .interrupt), ("\u{4}", .endOfInput), ("\r", .enter), ("\n", .enter),
        ("\t", .tab), ("\u{7f}", .backspace), ("\u{8}", .backspace), ("é漢👍", .text("é漢👍")),
    ])
    func `what a terminal sends is a key`(sent: String, key: Key) {
        #expect(Self.keys(sent) == [key])
    }

    @Test func `characters that come together are one text`() {
        #expect(Self.keys("ab\rc\u{1b}[Dd") == [.text("ab"), .enter, .text("c"), .left, .text("d")])
    }

    @Test func `a key may come byte by byte`() {
        var decoder = KeyDecoder()
        let sent = Array("é👍\u{1b}[1;5D\u{1b}[200~x\ry\u{1b}[201~z".utf8)
        let keys = sent.flatMap { decoder.take([$0]) }
        #expect(keys == [.text("é"), .text("👍"), .wordLeft, .paste("x\ny"), .text("z")])
    }

    @Test func `a paste is not obeyed, whatever is in it`() {
        #expect(Self.keys("\u{1b}[200~a\u{3}\r\n\u{1b}[Ab\u{1b}[201~\r") == [.paste("a\u{3}\n\u{1b}[Ab"), .enter])
    }

    @Test func `a paste without end is bounded, and ends when its end comes`() {
        var decoder = KeyDecoder()
        _ = decoder.take(KeyDecoderTests.pasteStart)
        for _ in 0..<3 { #expect(decoder.take([UInt8](repeating: 0x61, count: KeyDecoder.pasteLimit)) == []) }
        let keys = decoder.take(KeyDecoder.pasteEnd + [0x0d])
        #expect(keys == [.paste(String(repeating: "a", count: KeyDecoder.pasteLimit)), .enter])
    }

    static let pasteStart = Array("\u{1b}[200~".utf8)

    @Test(arguments: ["\u{1b}[99~", "\u{1b}[?1;2c", "\u{1b}OZ", "\u{0}", "\u{1c}", "\u{9b}"])
    func `what is no key of ours is passed over`(sent: String) {
        #expect(Self.keys(sent + "x") == [.text("x")])
    }

    @Test func `a sequence that never ends is given up`() {
        #expect(Self.keys("\u{1b}[" + String(repeating: "1", count: 40), "x").last == .text("x"))
    }
}

@Suite struct TypeAheadTests {
    @Test func `keys wait in their order`() {
        var typed = TypeAhead()
        typed.add([.text("a"), .enter])
        typed.add([.up])
        #expect([typed.next(), typed.next(), typed.next(), typed.next()] == [.text("a"), .enter, .up, nil])
    }

    @Test func `an interruption takes all of them back, and is never lost`() {
        var typed = TypeAhead()
        typed.add([Key](repeating: .enter, count: TypeAhead.limit * 2))
        let before = typed.takeInterruption()
        typed.add([.text("a"), .interrupt])
        let after = typed.takeInterruption()
        #expect(!before && after)
        #expect(typed.next() == nil)
    }
}
