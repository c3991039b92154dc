/// What somebody pressed, named by what it means in a line editor.
enum Key: Hashable, Sendable {
    /// Characters that stand for themselves.
    case text(String)
    /// Text that came all at once, and is not to be obeyed line by line.
    case paste(String)
    case enter
    /// A new line, whatever stands before it.
    case newline
    case tab
    case backspace, delete
    case left, right, up, down
    case lineStart, lineEnd
    case wordLeft, wordRight
    case cutToStart, cutToEnd, cutWord
    /// Puts back what was cut.
    case yank
    case clearScreen
    case interrupt
    case endOfInput
}
