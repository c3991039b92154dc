/// As much of JSON as a template's description needs: this program has no Foundation, and starts in a millisecond for
/// it.
indirect enum JSONText: Hashable {
    case object([String: JSONText])
    case list([JSONText])
    case text(String)
    /// A number, `true`, `false` or `null`, which nothing here asks for.
    case word(String)

    static let depthLimit = 16

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// Nil for anything that is not one JSON value; a name that stands twice is refused, too.
    static func parse(_ bytes: [UInt8]) -> JSONText? {
        var reader = JSONReader(rest: bytes[...])
        guard let value = reader.value(depth: 0), reader.next() == nil else { return nil }
        return value
    }
}

private struct JSONReader {
    var rest: ArraySlice<UInt8>

    /// The next byte that is not white space, left where it is.
    mutating func next() -> UInt8? {
        rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
        return rest.first
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard next() == byte.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    mutating func value(depth: Int) -> JSONText? {
        guard depth < JSONText.depthLimit else { return nil }
        switch next() {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return list(depth: depth)
        case UInt8(ascii: "\""): return string().map { .text($0) }
        default: return word()
        }
    }

    private mutating func object(depth: Int) -> JSONText? {
        var fields: [String: JSONText] = [:]
        guard take("{") else { return nil }
        if take("}") { return .object(fields) }
        repeat {
            guard next() == UInt8(ascii: "\""), let name = string(), take(":"), let value = value(depth: depth + 1),
                fields.updateValue(value, forKey: name) == nil
            else { return nil }
        } while take(",")
        return take("}") ? .object(fields) : nil
    }

    private mutating func list(depth: Int) -> JSONText? {
        var values: [JSONText] = []
        guard take("[") else { return nil }
        if take("]") { return .list(values) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        } while take(",")
        return take("]") ? .list(values) : nil
    }

    private mutating func word() -> JSONText? {
        let word = rest.prefix { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
                || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : .word(String(decoding: word, as: UTF8.self))
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0a, UInt8(ascii: "t"): 0x09, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0c, UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"),
    ]

    /// `\u` is refused: nothing that may stand in a template's description needs it.
    private mutating func string() -> String? {
        var bytes: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let letter = rest.popFirst(), let meant = Self.escapes[letter] else { return nil }
                bytes.append(meant)
            case 0..<0x20: return nil
            default: bytes.append(byte)
            }
        }
        return nil
    }
}
