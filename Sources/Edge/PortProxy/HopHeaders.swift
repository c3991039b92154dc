import NIOHTTP1

/// Headers that are for the next hop alone, RFC 9110 section 7.6.1, and those that a proxy adds.
enum HopHeaders {
    private static let names = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// The protocol that `headers` ask to change to; nil if they do not.
    static func upgrade(_ headers: HTTPHeaders) -> String? {
        let isAsked = headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
        return isAsked ? headers.first(name: "upgrade") : nil
    }

    /// Without those for one hop, and without those that `Connection` names.
    static func endToEnd(_ headers: HTTPHeaders) -> HTTPHeaders {
        var kept = headers
        for name in headers[canonicalForm: "connection"] { kept.remove(name: String(name)) }
        for name in names { kept.remove(name: name) }
        return kept
    }

    /// What the sandbox's server gets for a client's request.
    static func towardsUpstream(_ headers: HTTPHeaders, facts: ConnectionFacts) -> HTTPHeaders {
        var sent = endToEnd(headers)
        // The edge itself tells the client to go on.
        sent.remove(name: "expect")
        if let peer = facts.peer {
            let before = headers[canonicalForm: "x-forwarded-for"].map(String.init)
            sent.replaceOrAdd(name: "x-forwarded-for", value: (before + [peer]).joined(separator: ", "))
        }
        if let host = headers.first(name: "host") { sent.replaceOrAdd(name: "x-forwarded-host", value: host) }
        sent.replaceOrAdd(name: "x-forwarded-proto", value: facts.isSecure ? "https" : "http")
        if let protocolName = upgrade(headers) {
            sent.add(name: "connection", value: "upgrade")
            sent.add(name: "upgrade", value: protocolName)
        } else {
            sent.add(name: "connection", value: "close")
        }
        if !headers["transfer-encoding"].isEmpty { sent.add(name: "transfer-encoding", value: "chunked") }
        return sent
    }
}
