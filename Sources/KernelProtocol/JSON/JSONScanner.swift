/// Reads JSON, RFC 8259, as a stranger wrote it: checks every byte, builds no tree, and copies a value no further than
/// to its one-line form, so that what a payload costs in memory is a small multiple of its length.
struct JSONScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// One object and nothing else: `field` takes each field's value.
    static func object(
        _ bytes: [UInt8], _ field: (inout JSONScanner, String) throws(KernelProtocolError) -> Void
    ) throws(KernelProtocolError) {
        var scanner = JSONScanner(bytes)
        try scanner.object(field)
        scanner.skipSpace()
        guard scanner.position == bytes.count else { throw scanner.fault }
    }

    mutating func object(
        _ field: (inout JSONScanner, String) throws(KernelProtocolError) -> Void
    ) throws(KernelProtocolError) {
        try open("{")
        var names: Set<String> = []
        while try !close("}", isFirst: names.isEmpty) {
            let name = try text()
            guard names.insert(name).inserted else { throw .repeatedField(name) }
            try take(":")
            try field(&self, name)
        }
    }

    mutating func value() throws(KernelProtocolError) -> OneLineJSON {
        var line: [UInt8] = []
        try copyValue(&line)
        return OneLineJSON(trusted: line)
    }

    mutating func boolean(_ name: String) throws(KernelProtocolError) -> Bool {
        switch try value().bytes {
        case Array("true".utf8): return true
        case Array("false".utf8): return false
        default: throw .badField(name, allowed: "true or false")
        }
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(KernelProtocolError) -> Int {
        let digits = String(decoding: try value().bytes, as: UTF8.self)
        guard let number = Int(digits), range.contains(number) else {
            throw .badField(name, allowed: "an integer in \(range.lowerBound)...\(range.upperBound)")
        }
        return number
    }

    mutating func text(_ name: String, upTo limit: Int) throws(KernelProtocolError) -> String {
        guard let text = try value().text, text.utf8.count <= limit, !text.utf8.contains(0) else {
            throw .badField(name, allowed: "a string of at most \(limit) bytes without NUL")
        }
        return text
    }

    // MARK: - Tokens

    private var fault: KernelProtocolError { .malformed(at: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ token: Unicode.Scalar) throws(KernelProtocolError) {
        skipSpace()
        guard next == UInt8(ascii: token) else { throw fault }
        position += 1
    }

    private mutating func open(_ bracket: Unicode.Scalar) throws(KernelProtocolError) {
        try take(bracket)
        depth += 1
        guard depth <= KernelLimits.jsonDepth else { throw .tooDeep(limit: KernelLimits.jsonDepth) }
    }

    /// - Returns: whether the object or list ends here; otherwise what separates two elements is taken.
    private mutating func close(
        _ bracket: Unicode.Scalar, isFirst: Bool
    ) throws(KernelProtocolError) -> Bool {
        skipSpace()
        if next == UInt8(ascii: bracket) {
            position += 1
            depth -= 1
            return true
        }
        if !isFirst { try take(",") }
        return false
    }

    private mutating func text() throws(KernelProtocolError) -> String {
        skipSpace()
        var line: [UInt8] = []
        try copyString(&line)
        return JSONEscape.text(of: line[1..<line.count - 1])
    }

    // MARK: - Copying

    private mutating func copyValue(_ line: inout [UInt8]) throws(KernelProtocolError) {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): try copyObject(&line)
        case UInt8(ascii: "["): try copyList(&line)
        case UInt8(ascii: "\""): try copyString(&line)
        case UInt8(ascii: "t"): try copyWord("true", &line)
        case UInt8(ascii: "f"): try copyWord("false", &line)
        case UInt8(ascii: "n"): try copyWord("null", &line)
        default: try copyNumber(&line)
        }
    }

    private mutating func copyObject(_ line: inout [UInt8]) throws(KernelProtocolError) {
        try open("{")
        line.append(UInt8(ascii: "{"))
        var isFirst = true
        while try !close("}", isFirst: isFirst) {
            if !isFirst { line.append(UInt8(ascii: ",")) }
            isFirst = false
            skipSpace()
            try copyString(&line)
            try take(":")
            line.append(UInt8(ascii: ":"))
            try copyValue(&line)
        }
        line.append(UInt8(ascii: "}"))
    }

    private mutating func copyList(_ line: inout [UInt8]) throws(KernelProtocolError) {
        try open("[")
        line.append(UInt8(ascii: "["))
        var isFirst = true
        while try !close("]", isFirst: isFirst) {
            if !isFirst { line.append(UInt8(ascii: ",")) }
            isFirst = false
            try copyValue(&line)
        }
        line.append(UInt8(ascii: "]"))
    }

    private mutating func copyWord(_ word: StaticString, _ line: inout [UInt8]) throws(KernelProtocolError) {
        let end = position + word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { end <= bytes.count && bytes[position..<end].elementsEqual($0) }
        guard isThere else { throw fault }
        line.append(contentsOf: bytes[position..<end])
        position = end
    }

    /// `-? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func copyNumber(_ line: inout [UInt8]) throws(KernelProtocolError) {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if next == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        line.append(contentsOf: bytes[start..<position])
    }

    private mutating func skipDigits() throws(KernelProtocolError) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw fault }
    }

    private mutating func copyString(_ line: inout [UInt8]) throws(KernelProtocolError) {
        guard next == UInt8(ascii: "\"") else { throw fault }
        var plain = position
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                line.append(contentsOf: bytes[plain..<position])
                return
            case UInt8(ascii: "\\"): try skipEscape()
            case 0..<0x20: throw fault
            case 0x20..<0x80: position += 1
            default:
                let start = position
                guard let lineEnd = try skipCharacter() else { continue }
                line.append(contentsOf: bytes[plain..<start])
                JSONEscape.append(lineEnd, to: &line)
                plain = position
            }
        }
        throw fault
    }

    private mutating func skipEscape() throws(KernelProtocolError) {
        position += 1
        switch next {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = next, Self.isHexadecimal(digit) else { throw fault }
                position += 1
            }
        case let letter? where #""\/bfnrt"#.utf8.contains(letter): position += 1
        default: throw fault
        }
    }

    private static func isHexadecimal(_ digit: UInt8) -> Bool {
        (0x30...0x39).contains(digit) || (0x61...0x66).contains(digit | 0x20)
    }

    /// Takes one character of several bytes, well-formed by table 3-7 of the Unicode standard.
    /// - Returns: the character if somebody may take it for the end of a line.
    private mutating func skipCharacter() throws(KernelProtocolError) -> UInt16? {
        let lead = bytes[position]
        let (width, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xc2...0xdf: (2, 0x80...0xbf)
            case 0xe0: (3, 0xa0...0xbf)
            case 0xed: (3, 0x80...0x9f)
            case 0xe1...0xef: (3, 0x80...0xbf)
            case 0xf0: (4, 0x90...0xbf)
            case 0xf1...0xf3: (4, 0x80...0xbf)
            case 0xf4: (4, 0x80...0x8f)
            default: throw fault
            }
        guard position + width <= bytes.count, second.contains(bytes[position + 1]),
            bytes[(position + 2)..<(position + width)].allSatisfy({ $0 & 0xc0 == 0x80 })
        else { throw fault }
        defer { position += width }
        switch (lead, bytes[position + 1]) {
        case (0xc2, 0x85): return 0x85
        case (0xe2, 0x80) where bytes[position + 2] & 0xfe == 0xa8: return 0x2000 | UInt16(bytes[position + 2] & 0x3f)
        default: return nil
        }
    }
}
