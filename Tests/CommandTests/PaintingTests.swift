import Testing

@testable import nestbox

@Suite struct PaintingTests {
    static func painting(_ buffer: LineBuffer, width: Int = 10) -> Painting {
        Painting(buffer, prompt: "> ", continuation: ". ", width: width)
    }

    @Test func `each line has its prompt, and the cursor its place`() {
        var buffer = LineBuffer("ab\ncd")
        _ = buffer.moveLeft()
        let painting = Self.painting(buffer)
        #expect(painting.rows == ["> ab", ". cd"])
        #expect(painting.cursorRow == 1 && painting.cursorColumn == 3)
    }

    @Test func `a long line goes on in the next row, and wide characters are not cut in two`() {
        let painting = Self.painting(LineBuffer("1234567漢字"))
        #expect(painting.rows == ["> 1234567", "漢字"])
        #expect(painting.cursorRow == 1 && painting.cursorColumn == 4)
    }

    @Test func `behind a full row the cursor is in the next`() {
        let painting = Self.painting(LineBuffer("12345678"))
        #expect(painting.rows == ["> 12345678", ""] && painting.cursorRow == 1 && painting.cursorColumn == 0)
    }

    @Test func `control characters are shown, not obeyed`() {
        #expect(Self.painting(LineBuffer("\u{1b}\t\u{7}")).rows == ["> ␛    ␇"])
    }

    @Test func `what is higher than the terminal is shown around the cursor`() {
        let lines = LineBuffer((0..<20).map(String.init).joined(separator: "\n"))
        let window = Self.painting(lines).window(height: 5)
        #expect(window.rows == [". 15", ". 16", ". 17", ". 18", ". 19"] && window.cursorRow == 4)
        var atTop = lines
        while atTop.moveUp() {}
        #expect(Self.painting(atTop).window(height: 5).rows.first == "> 0")
    }

    @Test func `one painting takes the place of another`() {
        var painter = LinePainter()
        #expect(painter.paint(Self.painting(LineBuffer("a\nb"))) == "\r\u{1b}[J> a\r\n. b\r\u{1b}[3C")
        #expect(painter.paint(Self.painting(LineBuffer("a"))) == "\u{1b}[1A\r\u{1b}[J> a\r\u{1b}[3C")
        #expect(painter.leave(Self.painting(LineBuffer("a")), mark: "^C") == "\r\u{1b}[J> a^C\r\n")
    }
}

@Suite struct DisplayWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("äö", 2), ("e\u{301}", 1), ("漢字", 4), ("ｶ", 1), ("Ａ", 2), ("👍", 2), ("👨‍👩‍👧", 2),
        ("🇩🇪", 2), ("❤\u{fe0f}", 2), ("\u{200b}", 0), ("한", 2),
    ])
    func `text takes this many columns`(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test(arguments: [("abcdef", 4, "abc…"), ("abc", 3, "abc"), ("漢字漢", 4, "漢…"), ("ab", 1, "…"), ("ab", 0, "")])
    func `text is cut to a width`(text: String, width: Int, cut: String) {
        #expect(DisplayWidth.cut(text, to: width) == cut)
    }
}
