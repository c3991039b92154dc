/// The path and the query of a request, RFC 3986: split first, decoded after.
public struct RequestTarget: Sendable, Hashable {
    /// As it came.
    public let raw: String
    /// As it came, without the query.
    public let rawPath: String
    /// Percent-decoded. Empty for `/`.
    public let segments: [String]
    /// In order of appearance, percent- and plus-decoded.
    public let query: [QueryItem]

    public struct QueryItem: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    /// - Returns: nil if a percent escape is broken or does not make UTF-8.
    public init?(_ uri: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        raw = uri
        rawPath = String(parts[0])
        var segments: [String] = []
        for segment in parts[0].split(separator: "/") {
            guard let decoded = Self.decoded(segment, plusIsSpace: false) else { return nil }
            segments.append(decoded)
        }
        self.segments = segments
        var query: [QueryItem] = []
        for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(pair[0], plusIsSpace: true),
                let value = Self.decoded(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
            else { return nil }
            query.append(QueryItem(name: name, value: value))
        }
        self.query = query
    }

    /// The first value of that name.
    public func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// - Returns: nil if a percent escape is broken or does not make UTF-8.
    public static func decoded(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
