import Testing

@testable import nestbox

@Suite struct LineEditorTests {
    static func typed(_ keys: [Key], _ editor: inout LineEditor) -> [LineEditor.Reaction] {
        keys.map { editor.press($0) }
    }

    @Test func `keys change the text around the cursor`() {
        var editor = LineEditor(.python)
        _ = Self.typed([.text("hello world"), .lineStart, .text("> "), .wordRight, .text("!"), .delete], &editor)
        #expect(editor.buffer.before == "> hello!" && editor.buffer.after == "world")
        _ = Self.typed([.cutToEnd, .yank, .yank, .left, .backspace], &editor)
        #expect(editor.buffer.text == "> hello!worldword")
        #expect(editor.press(.cutToStart) == .edited && editor.buffer.text == "d")
    }

    @Test func `a character of several scalars is one`() {
        var editor = LineEditor(.python)
        _ = Self.typed([.text("e"), .text("\u{301}"), .text("👨‍👩‍👧"), .left, .backspace], &editor)
        #expect(editor.buffer.text == "👨‍👩‍👧" && editor.buffer.before.isEmpty)
    }

    @Test(arguments: [Key.left, .right, .up, .down, .backspace, .delete, .yank])
    func `a key with nothing to do is refused`(key: Key) {
        var editor = LineEditor(.python)
        #expect(editor.press(key) == .refused)
    }

    @Test func `whole input is entered, without blank lines at its end, and is the youngest of the history`() {
        var editor = LineEditor(.python)
        _ = editor.press(.text("for x in y:"))
        #expect(editor.press(.enter) == .edited)
        #expect(editor.buffer.text == "for x in y:\n    ")
        _ = editor.press(.text("f(x)"))
        #expect(editor.press(.enter) == .edited)
        #expect(editor.press(.enter) == .entered("for x in y:\n    f(x)"))
        #expect(editor.buffer.isEmpty)
        #expect(editor.press(.up) == .edited && editor.buffer.text == "for x in y:\n    f(x)")
    }

    @Test func `enter in the midst of several lines makes another one`() {
        var editor = LineEditor(.python)
        _ = Self.typed([.paste("a\nb"), .up], &editor)
        #expect(editor.press(.enter) == .edited)
        #expect(editor.buffer.text == "a\n\nb")
    }

    @Test func `up and down go through lines before they go through the history`() {
        var editor = LineEditor(.python, history: InputHistory(["old"]))
        _ = Self.typed([.paste("long line\nx"), .up], &editor)
        #expect(editor.buffer.before == "l")
        #expect(editor.press(.up) == .edited && editor.buffer.text == "old")
        #expect(editor.press(.down) == .edited && editor.buffer.text == "long line\nx")
        #expect(editor.press(.down) == .refused)
    }

    @Test func `backspace takes back a whole step of indentation`() {
        var editor = LineEditor(.python)
        _ = Self.typed([.tab, .tab, .backspace], &editor)
        #expect(editor.buffer.text == "    ")
        _ = Self.typed([.text("x y"), .backspace], &editor)
        #expect(editor.buffer.text == "    x ")
    }

    @Test func `Ctrl-C gives the line up, Ctrl-D ends on an empty line only`() {
        var editor = LineEditor(.python)
        _ = Self.typed([.text("ab"), .lineStart], &editor)
        #expect(editor.press(.endOfInput) == .edited && editor.buffer.text == "b")
        #expect(editor.press(.interrupt) == .abandoned && editor.buffer.isEmpty)
        #expect(editor.press(.endOfInput) == .ended)
    }

    @Test func `text over the limit is refused and changes nothing`() {
        var editor = LineEditor(.python)
        _ = editor.press(.text("a"))
        #expect(editor.press(.paste(String(repeating: "b", count: LineBuffer.byteLimit))) == .refused)
        #expect(editor.buffer.text == "a")
    }
}

@Suite struct InputHistoryTests {
    @Test func `nothing blank is kept, and no repetition`() {
        var history = InputHistory()
        for entry in ["a", "a", " \n", "b", "a"] { history.add(entry) }
        #expect(history.entries == ["a", "b", "a"])
    }

    @Test func `the line that was being typed waits at its end`() {
        var history = InputHistory(["a", "b"])
        #expect(history.previous("draft") == "b")
        #expect(history.previous("b changed") == "a")
        #expect(history.previous("") == nil)
        #expect(history.next() == "b")
        #expect(history.next() == "draft")
        #expect(history.next() == nil)
    }

    @Test func `it is bounded, and forgets the oldest`() {
        var history = InputHistory((0..<2000).map(String.init))
        history.add("last")
        #expect(history.entries.count == InputHistory.entryLimit)
        #expect(history.entries.first == "1001" && history.entries.last == "last")
    }
}
