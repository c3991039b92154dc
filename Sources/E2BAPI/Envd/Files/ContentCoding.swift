/// How a response's body may be coded, RFC 9110 section 12.5.3.
enum ContentCoding: Hashable {
    case identity
    case gzip

    /// Chooses by an `Accept-Encoding` header. gzip only if the client asks for it and for nothing else, or refuses the
    /// plain body: a list that offers gzip among others is every client's default, leaves the choice to us, and between
    /// neighbours compressing costs more than it saves.
    /// - Returns: nil if neither is acceptable: 406.
    static func choose(_ header: String?) -> ContentCoding? {
        guard let header else { return .identity }
        var weights: [Substring: Double] = [:]
        for item in header.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.trimmed }
            guard let name = parts.first else { continue }
            weights[name] = parts.dropFirst().compactMap(weight).first ?? 1
        }
        let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"] ?? 0
        // Acceptable unless it is refused by name, or by `*` without being named.
        let identity = weights["identity"] ?? weights["*"] ?? 1
        let asksForGzipAlone = weights.count == 1 && weights["*"] == nil && gzip > 0
        if gzip > 0, identity == 0 || asksForGzipAlone { return .gzip }
        return identity > 0 ? .identity : nil
    }

    private static func weight(_ parameter: Substring) -> Double? {
        let pair = parameter.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, pair[0].trimmed == "q" else { return nil }
        return Double(pair[1].trimmed)
    }
}

extension Substring {
    /// Without spaces and tabs at its ends.
    var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start.prefix(0) }
        return start[...last]
    }
}
