import Testing

@testable import nestbox

@Suite struct HarmlessTextTests {
    @Test(arguments: [
        ("plain\ttext\n", "plain\ttext\n"), ("\u{1b}[2J", "␛[2J"), ("\u{1b}]0;t\u{7}", "␛]0;t␇"), ("a\rb\u{8}c", "a␍b␈c"),
        ("\u{9b}31m", "\u{fffd}31m"), ("\u{1b}P1$r\u{1b}\\", "␛P1$r␛\\"), ("\u{202e}evil", "\u{fffd}evil"), ("\u{7f}", "␡"),
        ("\u{1b}[31mred", "\u{1b}[31mred\u{1b}[0m"), ("\u{1b}[38;5;9mx", "\u{1b}[38;5;9mx\u{1b}[0m"), ("\u{1b}", "␛"),
        ("\u{1b}\u{1b}[31m", "␛\u{1b}[31m\u{1b}[0m"), ("\u{1b}[?25l", "␛[?25l"), ("\u{1b}m", "␛m"), ("é👍", "é👍"),
    ])
    func `what would steer a terminal is shown, and colours stay`(text: String, harmless: String) {
        #expect(HarmlessText.text(text) == harmless)
    }

    @Test func `it does not matter how a text is cut into pieces`() {
        let text = "a\u{1b}[31mred\u{1b}[0m\u{1b}[2J\u{1b}[1;2;3"
        var cleaner = HarmlessText(.none)
        let pieces = text.map { cleaner.take(String($0)) }.joined() + cleaner.finish()
        #expect(pieces == HarmlessText.text(text))
    }

    @Test func `progress bars may write over themselves where it is allowed`() {
        var cleaner = HarmlessText(.withinLine)
        #expect(cleaner.take("10%\r20%\u{8}\u{b}") == "10%\r20%\u{8}␋")
    }

    @Test func `a sequence of colours over the limit is shown`() {
        let long = "\u{1b}[" + String(repeating: "1;", count: HarmlessText.sequenceLimit) + "m"
        #expect(HarmlessText.text(long).hasPrefix("␛["))
    }

    @Test func `a line is one line`() {
        #expect(HarmlessText.line("a\r\nb\n\tc\u{1b}[1m") == "a b  c␛[1m")
    }
}
