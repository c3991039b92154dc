/// A host with an optional port, as in a Host header or a CONNECT target. The host is in lower case, without the dot
/// at its end and without the brackets of an IPv6 address.
struct Authority: Hashable, Sendable {
    static let hostLengthRange = 1...253

    let host: String
    let port: UInt16?
    let isAddress: Bool

    /// - Returns: nil unless `text` is a name of letters, digits, `-`, `_` and dots, or an address, with or without a
    ///   port of 1...65535 in canonical decimal.
    init?(_ text: String) {
        let name: Substring
        var rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard name.contains(":"), name.utf8.allSatisfy(Self.isAddressByte) else { return nil }
            isAddress = true
        } else {
            name = text.prefix { $0 != ":" }
            rest = text[name.endIndex...]
            guard name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            isAddress = name.utf8.allSatisfy { HeaderField.isDigit($0) || $0 == UInt8(ascii: ".") }
        }
        if rest.isEmpty {
            port = nil
        } else {
            guard rest.removeFirst() == ":", let number = Self.port(rest) else { return nil }
            port = number
        }
        let canonical = name.lowercased()
        host = canonical.hasSuffix(".") ? String(canonical.dropLast()) : canonical
        guard Self.hostLengthRange.contains(host.utf8.count), !host.hasPrefix("."), !canonical.contains("..") else {
            return nil
        }
    }

    /// - Returns: nil unless `text` is 1...65535 with no sign and no leading zero.
    static func port(_ text: some StringProtocol) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(HeaderField.isDigit), !text.hasPrefix("0") else {
            return nil
        }
        return UInt16(text)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        HeaderField.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_")
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        HeaderField.isAlphanumeric(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }
}
