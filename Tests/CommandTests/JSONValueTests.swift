import Testing

@testable import nestbox

@Suite struct JSONValueTests {
    static func parse(_ text: String) -> JSONValue? {
        JSONValue.parse(Array(text.utf8)[...])
    }

    @Test func `an object's fields keep their order`() {
        let value = Self.parse(#" {"z": [1, -2.5e3, true, null], "a": {"b": "c\n\u00e9\ud83d\udc4d"}} "#)
        #expect(value?.json == #"{"z": [1, -2.5e3, true, null], "a": {"b": "c\né👍"}}"#)
    }

    @Test(arguments: [
        "", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "01x", "tru", "1 2",
        "\"\n\"", "nul", "+1", "1.", "[1 2]", "\"\\",
    ])
    func `what is not JSON is nothing`(text: String) {
        #expect(Self.parse(text) == nil)
        #expect(JSONValue.fields(of: Array("{\"x\":\(text)".utf8)[...]) == nil)
    }

    @Test func `half a surrogate is repaired`() {
        #expect(Self.parse(#""\ud83dx\udc4d""#)?.text == "\u{fffd}x\u{fffd}")
    }

    @Test func `depth and count are bounded`() {
        #expect(Self.parse(String(repeating: "[", count: 100_000)) == nil)
        #expect(Self.parse("[" + String(repeating: "0,", count: JSONValue.countLimit) + "0]") == nil)
        #expect(JSONValue.fields(of: Array("{\"a\": \(String(repeating: "[", count: 100_000))".utf8)[...]) == nil)
    }

    @Test func `a field is read only when it is wanted`() {
        let fields = JSONValue.fields(of: Array(#"{"a": {"b": "}\""}, "c": 1, "c": 2}"#.utf8)[...])
        #expect(fields?["a"].flatMap(JSONValue.parse)?.json == #"{"b": "}\""}"#)
        #expect(fields?["c"].flatMap(JSONValue.parse) == .word("1"))
    }
}
