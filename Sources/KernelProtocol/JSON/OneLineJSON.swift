/// One JSON value, checked, without white space around its tokens, and without a character that anybody takes for the
/// end of a line: besides the control characters, which JSON does not have, those are U+0085, U+2028 and U+2029, and
/// they stand escaped. Numbers keep their digits, strings their escapes.
public struct OneLineJSON: Hashable, Sendable {
    /// In UTF-8.
    public let bytes: [UInt8]

    init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A string.
    public init(text: String) {
        var bytes: [UInt8] = []
        JSONEscape.append(text, to: &bytes)
        self.bytes = bytes
    }

    public var isString: Bool { bytes.first == UInt8(ascii: "\"") }

    /// Of a string, what it says; half a surrogate pair becomes U+FFFD.
    public var text: String? { isString ? JSONEscape.text(of: bytes[...].dropFirst().dropLast()) : nil }

    /// Of a string that begins and ends with the same quotation mark, one within both: that is what the representation
    /// of a string is in most languages. Anything else is left as it is.
    public var withoutOuterQuotes: OneLineJSON {
        guard isString else { return self }
        let content = bytes[1..<bytes.count - 1]
        for quote in ["'", "\\\""] {
            let width = quote.utf8.count
            if content.count >= 2 * width, content.starts(with: quote.utf8),
                content.suffix(width).elementsEqual(quote.utf8)
            {
                return OneLineJSON(trusted: [bytes[0]] + content.dropFirst(width).dropLast(width) + [bytes[0]])
            }
        }
        return self
    }
}
