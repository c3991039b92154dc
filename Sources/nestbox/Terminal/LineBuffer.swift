/// Text that is being typed, of one line or more, and the cursor in it.
struct LineBuffer: Hashable, Sendable {
    static let byteLimit = 1 << 18

    private(set) var before = ""
    private(set) var after = ""

    init() {}

    /// The cursor is behind the text.
    init(_ text: String) {
        before = text
    }

    var text: String { before + after }
    var isEmpty: Bool { before.isEmpty && after.isEmpty }
    /// The part of the cursor's line that is before the cursor.
    var lineHead: Substring { before.split(separator: "\n", omittingEmptySubsequences: false).last ?? "" }
    private var lineTail: Substring { after.prefix { $0 != "\n" } }
    var isOnFirstLine: Bool { !before.contains("\n") }
    var isOnLastLine: Bool { !after.contains("\n") }

    /// - Returns: false, and nothing is changed, if the text would be over the limit.
    mutating func insert(_ piece: String) -> Bool {
        guard before.utf8.count + after.utf8.count + piece.utf8.count <= Self.byteLimit else { return false }
        before += piece
        return true
    }

    // What follows answers whether there was anything to do.

    mutating func moveLeft() -> Bool {
        guard let character = before.popLast() else { return false }
        after.insert(character, at: after.startIndex)
        return true
    }

    mutating func moveRight() -> Bool {
        guard let character = after.first else { return false }
        after.removeFirst()
        before.append(character)
        return true
    }

    mutating func moveUp() -> Bool {
        guard !isOnFirstLine else { return false }
        let column = lineHead.count
        moveToLineStart()
        _ = moveLeft()
        let length = lineHead.count
        for _ in 0..<max(0, length - column) { _ = moveLeft() }
        return true
    }

    mutating func moveDown() -> Bool {
        guard !isOnLastLine else { return false }
        let column = lineHead.count
        moveToLineEnd()
        _ = moveRight()
        for _ in 0..<min(column, lineTail.count) { _ = moveRight() }
        return true
    }

    mutating func moveToLineStart() {
        let head = String(lineHead)
        before.removeLast(head.count)
        after = head + after
    }

    mutating func moveToLineEnd() {
        let tail = String(lineTail)
        after.removeFirst(tail.count)
        before += tail
    }

    mutating func moveWordLeft() {
        while let last = before.last, !Self.isWord(last) { _ = moveLeft() }
        while let last = before.last, Self.isWord(last) { _ = moveLeft() }
    }

    mutating func moveWordRight() {
        while let first = after.first, !Self.isWord(first) { _ = moveRight() }
        while let first = after.first, Self.isWord(first) { _ = moveRight() }
    }

    /// - Parameter count: how many characters before the cursor go, at most.
    mutating func deleteBack(_ count: Int = 1) -> Bool {
        guard !before.isEmpty else { return false }
        before.removeLast(min(count, before.count))
        return true
    }

    mutating func deleteForward() -> Bool {
        guard !after.isEmpty else { return false }
        after.removeFirst()
        return true
    }

    // What follows answers what was cut.

    mutating func cutToLineStart() -> String {
        let head = String(lineHead)
        before.removeLast(head.count)
        return head
    }

    /// At a line's end: the end itself, so that the next line moves up.
    mutating func cutToLineEnd() -> String {
        let tail = lineTail.isEmpty ? String(after.prefix(1)) : String(lineTail)
        after.removeFirst(tail.count)
        return tail
    }

    /// Back to the last white space, as shells do.
    mutating func cutWord() -> String {
        let whole = before
        while let last = before.last, last.isWhitespace { before.removeLast() }
        while let last = before.last, !last.isWhitespace { before.removeLast() }
        return String(whole.dropFirst(before.count))
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
