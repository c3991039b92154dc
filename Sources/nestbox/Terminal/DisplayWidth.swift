/// How many columns text takes in a terminal.
enum DisplayWidth {
    static let tabWidth = 4

    /// East Asian wide and full-width characters, by the blocks they stand in.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
        0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
        0x1_7000...0x1_8cff, 0x1_b000...0x1_b2ff, 0x2_0000...0x3_fffd,
    ]

    static func of(_ text: some StringProtocol) -> Int {
        text.utf8.allSatisfy { 0x20..<0x7f ~= $0 } ? text.utf8.count : text.reduce(0) { $0 + of($1) }
    }

    /// As its widest part: what joins on to a character takes no column of its own.
    static func of(_ character: Character) -> Int {
        character.unicodeScalars.map(of).max() ?? 0
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return scalar.value == 0xad ? 0 : 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return scalar == "\u{fe0f}" ? 2 : 0
        default: return scalar.properties.isEmojiPresentation || wide.contains { $0 ~= scalar.value } ? 2 : 1
        }
    }

    /// The text, or as much of its beginning as fits together with a `…`.
    static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        var cut = ""
        var used = 1
        for character in text {
            used += of(character)
            if used > width { break }
            cut.append(character)
        }
        return width > 0 ? cut + "…" : ""
    }
}
