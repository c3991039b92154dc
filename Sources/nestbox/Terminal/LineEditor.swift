/// Takes keys and judges what becomes of the text: it knows nothing of a terminal.
struct LineEditor: Sendable {
    /// What is left to do after a key.
    enum Reaction: Hashable, Sendable {
        /// The text or the cursor is another one.
        case edited
        /// There was nothing to do.
        case refused
        case entered(String)
        /// The text was given up.
        case abandoned
        /// The screen is to be cleared.
        case cleared
        /// There will be no more.
        case ended
    }

    let grammar: InputGrammar
    private(set) var buffer = LineBuffer()
    private(set) var history: InputHistory
    private var cut = ""

    init(_ grammar: InputGrammar, history: InputHistory = InputHistory()) {
        self.grammar = grammar
        self.history = history
    }

    mutating func press(_ key: Key) -> Reaction {
        switch key {
        case .text(let text), .paste(let text): edited(buffer.insert(text))
        case .enter: enter()
        case .newline: edited(buffer.insert("\n"))
        case .tab: edited(buffer.insert(indentation))
        case .interrupt: abandon()
        case .endOfInput: buffer.isEmpty ? .ended : edited(buffer.deleteForward())
        case .clearScreen: .cleared
        default: change(key)
        }
    }

    private mutating func change(_ key: Key) -> Reaction {
        switch key {
        case .left: return edited(buffer.moveLeft())
        case .right: return edited(buffer.moveRight())
        case .up: return edited(buffer.moveUp() || recall(history.previous(buffer.text)))
        case .down: return edited(buffer.moveDown() || recall(history.next()))
        case .lineStart: buffer.moveToLineStart()
        case .lineEnd: buffer.moveToLineEnd()
        case .wordLeft: buffer.moveWordLeft()
        case .wordRight: buffer.moveWordRight()
        case .backspace: return edited(buffer.deleteBack(isAtIndentation ? indentation.count : 1))
        case .delete: return edited(buffer.deleteForward())
        case .cutToStart: cut = buffer.cutToLineStart()
        case .cutToEnd: cut = buffer.cutToLineEnd()
        case .cutWord: cut = buffer.cutWord()
        case .yank: return edited(!cut.isEmpty && buffer.insert(cut))
        default: return .refused
        }
        return .edited
    }

    private func edited(_ isDone: Bool) -> Reaction {
        isDone ? .edited : .refused
    }

    /// Runs what is complete; else, and everywhere but in the last line, a new line begins.
    private mutating func enter() -> Reaction {
        let text = buffer.text
        guard buffer.isOnLastLine, !grammar.wantsMore(text) else {
            return edited(buffer.insert("\n" + grammar.indentation(after: buffer.before)))
        }
        buffer = LineBuffer()
        history.add(Self.trimmed(text))
        return .entered(Self.trimmed(text))
    }

    private mutating func abandon() -> Reaction {
        buffer = LineBuffer()
        history.returnToEnd()
        return .abandoned
    }

    private mutating func recall(_ entry: String?) -> Bool {
        guard let entry else { return false }
        buffer = LineBuffer(entry)
        return true
    }

    private var indentation: String { String(repeating: " ", count: InputGrammar.indentWidth) }

    /// Whether a whole step of indentation, and nothing else of the line, is before the cursor.
    private var isAtIndentation: Bool {
        let head = buffer.lineHead
        return !head.isEmpty && head.allSatisfy { $0 == " " } && head.count.isMultiple(of: InputGrammar.indentWidth)
    }

    /// Without the blank lines at its end.
    private static func trimmed(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.count > 1, let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
