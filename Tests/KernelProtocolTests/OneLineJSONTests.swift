import Testing

@testable import KernelProtocol

@Suite struct OneLineJSONTests {
    static func copy(_ json: String) throws -> String {
        var scanner = JSONScanner(Array(json.utf8))
        return String(decoding: try scanner.value().bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("{ \"a\" : [ 1 , 2.50 , -0 , 1e400 ] }", #"{"a":[1,2.50,-0,1e400]}"#),
        ("[\n true,\tfalse,\r null ]", "[true,false,null]"),
        (#""\u0041\n\"\\\/""#, #""\u0041\n\"\\\/""#),
        (#""\ud800 alone""#, #""\ud800 alone""#),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("{}", "{}"), ("[]", "[]"), ("\"\"", "\"\""),
        ("\"a\u{85}b\u{2028}c\u{2029}d\u{2027}é𝄞\"", #""a\u0085b\u2028c\u2029d"# + "\u{2027}é𝄞\""),
    ])
    func `a value is copied to one line, its digits and escapes as they were`(json: String, line: String) throws {
        #expect(try Self.copy(json) == line)
    }

    @Test(arguments: [
        ",", "{", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "tru", "nul", "NaN", "Infinity", "01", "1.", ".5",
        "1e", "+1", "-", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"\n\"", "\"\u{1}\"", "'a'",
    ])
    func `what is no JSON is refused`(json: String) {
        #expect(throws: KernelProtocolError.self) { try Self.copy("[\(json)]") }
    }

    @Test(arguments: [
        [0x80], [0xc0, 0xaf], [0xc2], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80],
        [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x80], [0xff],
    ] as [[UInt8]])
    func `a string that is no UTF-8 is refused`(bytes: [UInt8]) {
        var scanner = JSONScanner([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
        #expect(throws: KernelProtocolError.self) { try scanner.value() }
    }

    @Test func `nesting has a limit`() throws {
        let deepest = KernelLimits.jsonDepth
        let line = String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)
        #expect(try Self.copy(line) == line)
        #expect(throws: KernelProtocolError.tooDeep(limit: deepest)) { try Self.copy("[" + line + "]") }
        #expect(throws: KernelProtocolError.self) { try Self.copy(String(repeating: "[", count: 1 << 20)) }
    }

    @Test(arguments: [
        "plain", "", "\"quoted\" \\ back", "line\nfeed\ttab\rreturn\u{0}nul\u{1b}escape",
        "\u{85}\u{2028}\u{2029}\u{2027}\u{a0}é漢𝄞",
    ])
    func `a text says the same after it was written and read, and has no line end in it`(text: String) {
        let json = OneLineJSON(text: text)
        #expect(json.text == text)
        let lines = String(decoding: json.bytes, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        #expect(lines.count == 1)
    }

    @Test(arguments: [
        (#""\u00e9\ud834\udd1e""#, "é𝄞"), (#""\ud834 x""#, "\u{fffd} x"), (#""\udd1e""#, "\u{fffd}"),
        (#""\ud834\ud834\udd1e""#, "\u{fffd}𝄞"), (#""\ud834\n""#, "\u{fffd}\n"), (#""\ud834""#, "\u{fffd}"),
        (#""\/\b\f""#, "/\u{8}\u{c}"),
    ])
    func `escapes are read`(json: String, text: String) throws {
        var scanner = JSONScanner(Array(json.utf8))
        let value = try scanner.value()
        #expect(value.text == text)
    }

    @Test(arguments: [
        ("'a'", "a"), ("\"a\"", "a"), ("''", ""), ("'it is'", "it is"), ("\"it's\"", "it's"),
        ("'", "'"), ("\"", "\""), ("'a\"", "'a\""), ("a", "a"), ("", ""), ("'a' 'b'", "a' 'b"), ("5", "5"),
    ])
    func `the quotation marks around a representation are taken off`(text: String, bare: String) {
        #expect(OneLineJSON(text: text).withoutOuterQuotes.text == bare)
    }
}
