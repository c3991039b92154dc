import HTTPExchange
import NIOHTTP1

/// Judges a request's head beyond what the parser refuses. What two servers could read in two ways is refused, so that
/// nothing can be smuggled past whoever stands before or behind us.
enum RequestRules {
    struct Refusal: Error, Hashable {
        let status: HTTPResponseStatus
        let message: String

        init(_ status: HTTPResponseStatus, _ message: String) {
            self.status = status
            self.message = message
        }
    }

    /// The target and the headers that handlers see: an absolute target's authority has taken the Host's place.
    struct Accepted {
        let target: RequestTarget
        let headers: HTTPHeaders
    }

    static func judge(_ head: HTTPRequestHead, limits: EdgeLimits) throws(Refusal) -> Accepted {
        guard head.uri.utf8.count <= limits.targetBytes else {
            throw Refusal(.uriTooLong, "the request target is longer than \(limits.targetBytes) bytes")
        }
        guard head.headers.count <= limits.headerCount else {
            throw Refusal(.requestHeaderFieldsTooLarge, "more than \(limits.headerCount) header fields")
        }
        try judgeFields(head.headers, limits: limits)
        try judgeFraming(head)
        let host = try judgeHost(head)
        return try accept(head, host: host)
    }

    private static func judgeFields(_ headers: HTTPHeaders, limits: EdgeLimits) throws(Refusal) {
        var bytes = 0
        for (name, value) in headers {
            bytes += name.utf8.count + value.utf8.count
            guard HeaderField.isName(name), HeaderField.isValue(value) else {
                throw Refusal(.badRequest, "header '\(name.prefix(40))' holds a character that is not allowed")
            }
        }
        guard bytes <= limits.headBytes else {
            throw Refusal(.requestHeaderFieldsTooLarge, "the headers are longer than \(limits.headBytes) bytes")
        }
    }

    /// RFC 9112 section 6.1 and 6.3: one framing, said once.
    private static func judgeFraming(_ head: HTTPRequestHead) throws(Refusal) {
        let codings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        guard codings.isEmpty || lengths.isEmpty else {
            throw Refusal(.badRequest, "both Content-Length and Transfer-Encoding")
        }
        guard lengths.count <= 1, lengths.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(HeaderField.isDigit) }) else {
            throw Refusal(.badRequest, "Content-Length is not one decimal number")
        }
        guard codings.isEmpty || (codings.count == 1 && codings[0].lowercased() == "chunked") else {
            throw Refusal(.notImplemented, "Transfer-Encoding other than 'chunked'")
        }
        guard codings.isEmpty || head.version.isModern else {
            throw Refusal(.badRequest, "Transfer-Encoding in an HTTP/1.0 request")
        }
    }

    private static func judgeHost(_ head: HTTPRequestHead) throws(Refusal) -> String? {
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw Refusal(.badRequest, "more than one Host") }
        guard let host = hosts.first else {
            guard !head.version.isModern else { throw Refusal(.badRequest, "no Host") }
            return nil
        }
        guard host.isEmpty || Authority(host) != nil else {
            throw Refusal(.badRequest, "Host '\(host.prefix(100))' is not a host name or address")
        }
        return host
    }

    private static func accept(_ head: HTTPRequestHead, host: String?) throws(Refusal) -> Accepted {
        var uri = head.uri[...]
        var headers = head.headers
        if let scheme = ["http://", "https://"].first(where: { uri.lowercased().hasPrefix($0) }) {
            let rest = uri.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard Authority(String(authority)) != nil else {
                throw Refusal(.badRequest, "the request target names no host")
            }
            headers.replaceOrAdd(name: "host", value: String(authority))
            uri = rest.dropFirst(authority.count)
            if !uri.hasPrefix("/") { uri = "/" + uri }
        }
        // `*` belongs to OPTIONS alone and names no resource of ours; CONNECT is told apart before.
        guard uri.hasPrefix("/") || (uri == "*" && head.method == .OPTIONS) else {
            throw Refusal(.badRequest, "the request target does not start with '/'")
        }
        guard uri.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") }),
            let target = RequestTarget(String(uri))
        else {
            throw Refusal(.badRequest, "the request target is not a valid path and query")
        }
        return Accepted(target: target, headers: headers)
    }
}
