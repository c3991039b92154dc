import SandboxModel
import Testing

@Suite struct SpecErrorTests {
    @Test(arguments: [
        (SpecError.outOfRange(field: "cpuCount", value: 33, allowed: 1...32), "cpuCount: 33 is not in 1...32"),
        (.malformed(field: "sandboxID", value: "A", allowed: "[a-z]"), "sandboxID: 'A' is not [a-z]"),
        (.tooLong(field: "metadata", length: 65, limit: 64), "metadata: length 65 is over the limit of 64"),
    ])
    func `the text names the field, the value and what is allowed`(error: SpecError, text: String) {
        #expect(error.description == text)
        #expect(text.hasPrefix(error.field + ":"))
    }

    @Test func `a long value is cut`() {
        let error = SpecError.malformed(field: "f", value: String(repeating: "x", count: 10_000), allowed: "short")
        #expect(error.description == "f: '\(String(repeating: "x", count: 100))' is not short")
    }
}
