import Testing

@testable import nestbox

@Suite struct TimeTextTests {
    @Test(arguments: [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("7", 7000), ("0", 0)])
    func `a time is read with its unit`(text: String, milliseconds: Int) {
        #expect(TimeText(argument: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "s", "-1s", "1.5s", "1h", "ten", "9223372036854775807m"])
    func `what is no time is refused`(text: String) {
        #expect(TimeText(argument: text) == nil)
    }
}
