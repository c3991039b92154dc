import Glibc

/// The prompt of `nestbox code` on the terminal: it draws what the editor judges.
struct CodePrompt {
    /// What the one who types wants.
    enum Wish {
        case nothing
        case entered(String)
        case ended
    }

    private static let pasteOn = "\u{1b}[?2004h"
    private static let pasteOff = "\u{1b}[?2004l"
    private static let bell = "\u{7}"

    private var editor: LineEditor
    private var painter = LinePainter()
    private var number = 1
    private var isShown = false

    init(grammar: InputGrammar, entries: [String]) {
        editor = LineEditor(grammar, history: InputHistory(entries))
    }

    mutating func show() throws {
        try write((isShown ? "" : Self.pasteOn) + painter.paint(painting))
        isShown = true
    }

    /// Leaves the terminal as programs expect it. What was drawn stays.
    mutating func hide() {
        guard isShown else { return }
        isShown = false
        try? write(Self.pasteOff)  // a terminal that is gone needs nothing
    }

    mutating func press(_ key: Key) throws -> Wish {
        let before = painting
        switch editor.press(key) {
        case .edited: try show()
        case .refused: try write(Self.bell)
        case .cleared:
            try write(painter.clear())
            try show()
        case .abandoned:
            try write(painter.leave(before, mark: "^C"))
            try show()
        case .entered(let code):
            try write(painter.leave(before))
            guard !code.allSatisfy(\.isWhitespace) else {
                try show()
                return .nothing
            }
            hide()
            return .entered(code)
        case .ended:
            try write(painter.leave(before))
            return .ended
        }
        return .nothing
    }

    /// Says how a cell ended, if it did not say so itself.
    mutating func tell(_ result: Result<CellRun.Ending, any Error>) throws {
        switch result {
        case .success(.finished(let count, _)): number = (count ?? number) + 1
        case .success(.interrupted):
            number += 1
            try write("[interrupted]\n")
        case .success(.timedOut):
            number += 1
            try write("[the time is up: interrupted]\n")
        case .failure(is CancellationError): break
        case .failure(let error): Output.note("\(error)")
        }
    }

    private var painting: Painting {
        let size = RawTerminal.size.size
        let prompt = "In [\(number)]: "
        let continuation = String(repeating: " ", count: max(0, prompt.count - 5)) + "...: "
        return Painting(editor.buffer, prompt: prompt, continuation: continuation, width: size.cols)
            .window(height: size.rows)
    }

    private func write(_ text: String) throws {
        try writeAll(text.utf8, to: STDOUT_FILENO)
    }
}
