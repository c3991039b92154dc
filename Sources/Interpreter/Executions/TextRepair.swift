/// Turns one stream of bytes into texts: a character that is cut in two by the pieces is put together, and what is no
/// UTF-8 becomes U+FFFD.
struct TextRepair {
    /// The beginning of a character, at most three bytes.
    private var held: [UInt8] = []

    /// What `bytes` say, without the character that they may end in the middle of; empty if there is no more to them.
    mutating func text(_ bytes: [UInt8]) -> String {
        let all = held.isEmpty ? bytes : held + bytes
        let whole = all.count - Self.unfinished(all)
        held = Array(all[whole...])
        return String(decoding: all[..<whole], as: UTF8.self)
    }

    /// What is left at the end of the stream.
    mutating func rest() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// How many bytes at the end are a character's beginning, and not the whole of it.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            switch byte {
            case 0x80...0xbf: continue
            case 0xc2...0xdf: return back < 2 ? back : 0
            case 0xe0...0xef: return back < 3 ? back : 0
            case 0xf0...0xf4: return back
            default: return 0
            }
        }
        return 0
    }
}
