// Texts and their escapes.

extension JSONReader {
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0a, UInt8(ascii: "t"): 0x09, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0c, UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"),
    ]

    /// The bytes between two quotes, and whether an escape is among them.
    mutating func quotation() -> (ArraySlice<UInt8>, hasEscapes: Bool)? {
        place += 1
        let start = place
        var hasEscapes = false
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                return (bytes[start..<place - 1], hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                place += 2
            case 0..<0x20: return nil
            default: place += 1
            }
        }
        return nil
    }

    mutating func text() -> String? {
        guard let (raw, hasEscapes) = quotation() else { return nil }
        guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        return Self.unescaped(raw)
    }

    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String? {
        var meant: [UInt8] = []
        meant.reserveCapacity(raw.count)
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                meant.append(byte)
                continue
            }
            guard let letter = rest.popFirst() else { return nil }
            if letter == UInt8(ascii: "u") {
                guard let scalar = unicodeScalar(&rest) else { return nil }
                meant.append(contentsOf: String(Character(scalar)).utf8)
            } else if let one = escapes[letter] {
                meant.append(one)
            } else {
                return nil
            }
        }
        return String(decoding: meant, as: UTF8.self)
    }

    /// What stands behind `\u`. A surrogate without its other half is U+FFFD.
    private static func unicodeScalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let first = codeUnit(&rest) else { return nil }
        var behind = rest
        if first & 0xfc00 == 0xd800, behind.popFirst() == UInt8(ascii: "\\"), behind.popFirst() == UInt8(ascii: "u"),
            let second = codeUnit(&behind), second & 0xfc00 == 0xdc00
        {
            rest = behind
            return Unicode.Scalar(0x1_0000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff)))
        }
        return Unicode.Scalar(first) ?? "\u{fffd}"
    }

    private static func codeUnit(_ rest: inout ArraySlice<UInt8>) -> UInt16? {
        let digits = rest.prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        rest = rest.dropFirst(4)
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
