import Testing

@testable import Interpreter

@Suite struct TextRepairTests {
    static func read(_ pieces: [[UInt8]]) -> String {
        var repair = TextRepair()
        return pieces.map { repair.text($0) }.joined() + repair.rest()
    }

    @Test(arguments: 1...7) func `a text is whole however it is cut`(step: Int) {
        let text = "aé漢𝄞\u{ffff}\u{10ffff}z"
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: step).map { Array(bytes[$0..<min($0 + step, bytes.count)]) }
        #expect(Self.read(pieces) == text)
    }

    @Test func `a character's beginning waits for its rest`() {
        var repair = TextRepair()
        expect(repair.text([0x61, 0xe6, 0xbc]), is: "a")
        expect(repair.text([0xa2]), is: "漢")
        expect(repair.rest(), is: "")
    }

    @Test(arguments: [
        ([[0xff]], "\u{fffd}"), ([[0x80], [0x80]], "\u{fffd}\u{fffd}"), ([[0xe6]], "\u{fffd}"),
        ([[0xe6], [0x61]], "\u{fffd}a"), ([[0xf0, 0x9d], [0x84, 0x61]], "\u{fffd}a"), ([[0xc3], [], [0xa9]], "é"),
        ([[0xc0, 0x80]], "\u{fffd}\u{fffd}"),
    ] as [([[UInt8]], String)])
    func `what is no UTF-8 is replaced`(pieces: [[UInt8]], text: String) {
        #expect(Self.read(pieces) == text)
    }

    @Test func `no more is held back than a character's beginning`() {
        var repair = TextRepair()
        let text = repair.text([UInt8](repeating: 0x80, count: 1000))
        #expect(text.unicodeScalars.count == 1000)
    }
}
