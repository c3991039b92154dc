/// Reads JSON from bytes that anybody may have written. Every method leaves the place behind what it read, or answers
/// nil; then the place means nothing.
struct JSONReader {
    let bytes: ArraySlice<UInt8>
    var place: Int
    private var count = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    var isAtEnd: Bool {
        mutating get { next() == nil }
    }

    /// The next byte that is not white space, left where it is.
    private mutating func next() -> UInt8? {
        while place < bytes.endIndex, Self.isSpace(bytes[place]) { place += 1 }
        return place < bytes.endIndex ? bytes[place] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next() == byte else { return false }
        place += 1
        return true
    }

    mutating func value(depth: Int = 0) -> JSONValue? {
        count += 1
        guard depth < JSONValue.depthLimit, count <= JSONValue.countLimit else { return nil }
        switch next() {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return list(depth: depth)
        case UInt8(ascii: "\""): return text().map { .text($0) }
        default: return word().map { .word($0) }
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        var fields: [JSONValue.Field] = []
        guard take(UInt8(ascii: "{")) else { return nil }
        if take(UInt8(ascii: "}")) { return .object(fields) }
        repeat {
            guard let name = name(), let value = value(depth: depth + 1) else { return nil }
            fields.append(.init(name: name, value: value))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? .object(fields) : nil
    }

    private mutating func list(depth: Int) -> JSONValue? {
        var values: [JSONValue] = []
        guard take(UInt8(ascii: "[")) else { return nil }
        if take(UInt8(ascii: "]")) { return .list(values) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]")) ? .list(values) : nil
    }

    /// An object's names, and where the value of each stands.
    mutating func fields() -> [(String, ArraySlice<UInt8>)]? {
        var fields: [(String, ArraySlice<UInt8>)] = []
        guard take(UInt8(ascii: "{")) else { return nil }
        if take(UInt8(ascii: "}")) { return fields }
        repeat {
            count += 1
            guard count <= JSONValue.countLimit, let name = name(), let value = skip() else { return nil }
            fields.append((name, value))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? fields : nil
    }

    private mutating func name() -> String? {
        guard next() == UInt8(ascii: "\""), let name = text(), take(UInt8(ascii: ":")) else { return nil }
        return name
    }

    /// Passes over one value. What is inside is not judged: `value` does that when somebody reads it.
    private mutating func skip() -> ArraySlice<UInt8>? {
        guard let first = next() else { return nil }
        let start = place
        switch first {
        case UInt8(ascii: "\""): guard quotation() != nil else { return nil }
        case UInt8(ascii: "{"), UInt8(ascii: "["): guard skipContainer() else { return nil }
        default: guard word() != nil else { return nil }
        }
        return bytes[start..<place]
    }

    private mutating func skipContainer() -> Bool {
        var depth = 0
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                place += 1
                if depth == 0 { return true }
            case UInt8(ascii: "\""): guard quotation() != nil else { return false }
            default: place += 1
            }
        }
        return false
    }

    private mutating func word() -> String? {
        let start = place
        while place < bytes.endIndex, Self.isWord(bytes[place]) { place += 1 }
        let word = bytes[start..<place]
        let text = String(decoding: word, as: UTF8.self)
        return Self.names.contains(text) || Self.isNumber(word) ? text : nil
    }

    /// Python's writer also makes those that no number can be.
    private static let names: Set<String> = ["true", "false", "null", "NaN", "Infinity", "-Infinity"]

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
            || [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ".")].contains(byte)
    }

    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        func takeOne(of letters: StaticString) -> Bool {
            guard let byte = rest.first, letters.withUTF8Buffer({ $0.contains(byte) }) else { return false }
            rest.removeFirst()
            return true
        }
        func takeDigits() -> Bool {
            let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            rest = rest.dropFirst(digits.count)
            return !digits.isEmpty
        }
        _ = takeOne(of: "-")
        guard takeDigits() else { return false }
        if takeOne(of: "."), !takeDigits() { return false }
        if takeOne(of: "eE") {
            _ = takeOne(of: "+-")
            guard takeDigits() else { return false }
        }
        return rest.isEmpty
    }
}
