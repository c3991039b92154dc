/// Strings of JSON on one line, written and read.
public enum JSONEscape {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Appends `text` in quotation marks.
    public static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &output) }
    }

    /// `text` in quotation marks.
    public static func quoted(_ text: String) -> String {
        var output: [UInt8] = []
        append(text, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func append(_ utf8: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var plain = 0
        var position = 0
        while position < utf8.count {
            let byte = utf8[position]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte >= 0xc2 else {
                position += 1
                continue
            }
            let width = escapedWidth(utf8, position)
            guard width > 0 else {
                position += 1
                continue
            }
            output.append(contentsOf: utf8[plain..<position])
            escape(utf8, position, width, &output)
            position += width
            plain = position
        }
        output.append(contentsOf: utf8[plain...])
        output.append(UInt8(ascii: "\""))
    }

    /// How many bytes from `position` on are a character that is escaped; 0 if it is not.
    private static func escapedWidth(_ utf8: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        switch utf8[position] {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): 1
        case 0xc2 where utf8[position + 1] == 0x85: 2
        case 0xe2 where utf8[position + 1] == 0x80 && utf8[position + 2] & 0xfe == 0xa8: 3
        default: 0
        }
    }

    private static func escape(
        _ utf8: UnsafeBufferPointer<UInt8>, _ position: Int, _ width: Int, _ output: inout [UInt8]
    ) {
        let scalar: UInt16 =
            switch width {
            case 2: 0x85
            case 3: 0x2000 | UInt16(utf8[position + 2] & 0x3f)
            default: UInt16(utf8[position])
            }
        switch scalar {
        case 0x22, 0x5c: output += [UInt8(ascii: "\\"), UInt8(scalar)]
        case 0x0a: output += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0x0d: output += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
        case 0x09: output += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
        default: append(scalar, to: &output)
        }
    }

    /// `\u` and four digits.
    static func append(_ scalar: UInt16, to output: inout [UInt8]) {
        output += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
        for shift in [12, 8, 4, 0] { output.append(digits[Int(scalar >> UInt16(shift)) & 15]) }
    }

    /// What the inside of a checked string says.
    static func text(of content: ArraySlice<UInt8>) -> String {
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        var units: [UInt8] = []
        var rest = content
        var high: UInt16?
        while let byte = rest.popFirst() {
            let isUnit = byte == UInt8(ascii: "\\") && rest.first == UInt8(ascii: "u")
            if !isUnit, high.take() != nil { units.append(contentsOf: "\u{fffd}".utf8) }
            switch byte {
            case UInt8(ascii: "\\") where isUnit:
                appendUnit(hexadecimal(rest.dropFirst().prefix(4)), &high, &units)
                rest.removeFirst(5)
            case UInt8(ascii: "\\"): if let letter = rest.popFirst() { units.append(meaning(of: letter)) }
            default: units.append(byte)
            }
        }
        if high != nil { units.append(contentsOf: "\u{fffd}".utf8) }
        return String(decoding: units, as: UTF8.self)
    }

    private static func appendUnit(_ unit: UInt16, _ high: inout UInt16?, _ utf8: inout [UInt8]) {
        let pending = high.take()
        if let pending, (0xdc00...0xdfff).contains(unit) {
            utf8.append(contentsOf: String(decoding: [pending, unit], as: UTF16.self).utf8)
            return
        }
        if pending != nil { utf8.append(contentsOf: "\u{fffd}".utf8) }
        if (0xd800...0xdbff).contains(unit) {
            high = unit
        } else {
            utf8.append(contentsOf: String(decoding: [unit], as: UTF16.self).utf8)
        }
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> UInt16 {
        text.reduce(0) { value, digit in value << 4 | (UInt16(digit & 15) + (digit >= 0x41 ? 9 : 0)) }
    }

    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        default: letter
        }
    }
}
