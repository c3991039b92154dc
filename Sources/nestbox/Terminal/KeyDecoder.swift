/// Turns what a terminal sends into keys. A character, a sequence or a paste may begin in one piece and end in the
/// next; what is no key of ours is passed over.
struct KeyDecoder {
    static let pasteLimit = 1 << 18
    /// Of an escape sequence, in bytes; whatever is longer is none.
    static let sequenceLimit = 32
    static let pasteEnd = Array("\u{1b}[201~".utf8)

    private static let escape: UInt8 = 0x1b
    private static let controls: [UInt8: Key] = [
        0x01: .lineStart, 0x02: .left, 0x03: .interrupt, 0x04: .endOfInput, 0x05: .lineEnd, 0x06: .right,
        0x08: .backspace, 0x09: .tab, 0x0a: .enter, 0x0b: .cutToEnd, 0x0c: .clearScreen, 0x0d: .enter, 0x0e: .down,
        0x10: .up, 0x15: .cutToStart, 0x17: .cutWord, 0x19: .yank, 0x7f: .backspace,
    ]
    /// By what stands between `ESC [`, or `ESC O`, and the end of the sequence, and the end itself.
    private static let sequences: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .lineStart, "F": .lineEnd, "1~": .lineStart,
        "7~": .lineStart, "4~": .lineEnd, "8~": .lineEnd, "3~": .delete, "1;5C": .wordRight, "1;5D": .wordLeft,
        "1;3C": .wordRight, "1;3D": .wordLeft,
    ]
    private static let meta: [UInt8: Key] = [
        UInt8(ascii: "b"): .wordLeft, UInt8(ascii: "f"): .wordRight, 0x0d: .newline, 0x0a: .newline, 0x7f: .cutWord,
    ]

    private var rest: ArraySlice<UInt8> = []
    private var pasted: [UInt8]?

    mutating func take(_ bytes: [UInt8]) -> [Key] {
        rest = Array(rest + bytes)[...]
        var keys: [Key] = []
        while !rest.isEmpty {
            let before = rest.count
            if let key = pasted == nil ? next() : endOfPaste() { keys.append(key) }
            if rest.count == before { break }
        }
        return keys
    }

    /// The next key. If it is not whole yet nothing is taken.
    private mutating func next() -> Key? {
        guard let first = rest.first else { return nil }
        if first == Self.escape { return sequence() }
        if first < 0x20 || first == 0x7f { return Self.controls[rest.removeFirst()] }
        return text()
    }

    private mutating func sequence() -> Key? {
        let behind = rest.dropFirst()
        guard let kind = behind.first else { return nil }
        guard kind == UInt8(ascii: "[") || kind == UInt8(ascii: "O") else {
            rest = behind
            guard let key = Self.meta[kind] else { return nil }
            rest.removeFirst()
            return key
        }
        let body = behind.dropFirst()
        guard let end = body.prefix(Self.sequenceLimit).firstIndex(where: { 0x40...0x7e ~= $0 }) else {
            if body.count >= Self.sequenceLimit { rest = body }
            return nil
        }
        rest = body[(end + 1)...]
        let name = String(decoding: body[...end], as: UTF8.self)
        if name == "200~" { pasted = [] }
        return Self.sequences[name]
    }

    private mutating func text() -> Key? {
        let run = rest.prefix { $0 >= 0x20 && $0 != 0x7f }
        let whole = run.endIndex == rest.endIndex ? run.dropLast(Self.unfinished(run)) : run
        rest = rest[whole.endIndex...]
        let text = String(decoding: whole, as: UTF8.self)
        let printable = text.unicodeScalars.filter { !(0x80..<0xa0 ~= $0.value) }
        return printable.isEmpty ? nil : .text(String(printable))
    }

    /// How many bytes at the end begin a character that the next piece may complete.
    private static func unfinished(_ run: ArraySlice<UInt8>) -> Int {
        for (index, byte) in run.reversed().prefix(3).enumerated() where byte & 0xc0 != 0x80 {
            let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
            return length > index + 1 ? index + 1 : 0
        }
        return 0
    }

    private mutating func endOfPaste() -> Key? {
        // What has to be looked at again: an end that was cut in two.
        let overlap = pasted?.suffix(Self.pasteEnd.count - 1) ?? []
        let searched = Array(overlap + rest)
        let end = searched.indices.first { searched[$0...].starts(with: Self.pasteEnd) }
        let consumed = end.map { $0 + Self.pasteEnd.count - overlap.count } ?? rest.count
        pasted?.append(contentsOf: rest.prefix(consumed))
        rest = rest.dropFirst(consumed)
        guard end != nil, let bytes = pasted?.dropLast(Self.pasteEnd.count) else { return trimPaste() }
        pasted = nil
        return .paste(Self.lines(String(decoding: bytes.prefix(Self.pasteLimit), as: UTF8.self)))
    }

    /// Forgets what is over the limit, but not what may be the beginning of the end.
    private mutating func trimPaste() -> Key? {
        guard let bytes = pasted, bytes.count > Self.pasteLimit + Self.pasteEnd.count else { return nil }
        pasted = bytes.prefix(Self.pasteLimit) + bytes.suffix(Self.pasteEnd.count)
        return nil
    }

    /// Terminals send carriage returns for line ends.
    private static func lines(_ text: String) -> String {
        text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    }
}
