import HTTPExchange
import NIOCore
import NIOHTTP1

/// What the headers of a Connect request say about the call.
struct ConnectCall: Sendable {
    enum Kind: String {
        case unary = "application/json"
        case stream = "application/connect+json"
    }

    /// Of `Authorization: Basic`; nil for the sandbox's default user.
    let user: String?
    /// How long the client waits; nil for as long as it takes.
    let timeout: TimeAmount?
    let keepalive: TimeAmount

    /// - Throws: `ConnectError` naming the header that is wrong.
    init(_ headers: HTTPHeaders) throws(ConnectError) {
        user = try Self.user(headers)
        timeout = try Self.timeout(headers)
        keepalive = try Self.keepalive(headers)
        try Self.checkProtocol(headers)
    }

    /// The content type up to its parameters, of which only UTF-8 is allowed.
    static func hasContentType(_ kind: Kind, _ headers: HTTPHeaders) -> Bool {
        let parts = (headers.first(name: "content-type") ?? "").lowercased().split(separator: ";")
            .map { $0.filter { $0 != " " && $0 != "\t" && $0 != "\"" } }
        return parts.first == kind.rawValue && parts.dropFirst().allSatisfy { $0 == "charset=utf-8" }
    }

    private static func checkProtocol(_ headers: HTTPHeaders) throws(ConnectError) {
        if let version = headers.first(name: "connect-protocol-version"), version != "1" {
            throw ConnectError(.invalidArgument, "connect-protocol-version: '\(version)' is not 1")
        }
        for name in ["content-encoding", "connect-content-encoding"] {
            guard let coding = headers.first(name: name), coding.lowercased() != "identity" else { continue }
            throw ConnectError(.unimplemented, "\(name): '\(coding)' is not supported, only 'identity' is")
        }
    }

    /// At most 10 digits, as the protocol says.
    private static func timeout(_ headers: HTTPHeaders) throws(ConnectError) -> TimeAmount? {
        guard let text = headers.first(name: "connect-timeout-ms") else { return nil }
        guard (1...10).contains(text.utf8.count), let milliseconds = decimal(text) else {
            throw ConnectError(.invalidArgument, "connect-timeout-ms: '\(text.prefix(40))' is not 1 to 10 digits")
        }
        return .milliseconds(Int64(milliseconds))
    }

    /// A value that makes no sense is taken for the default: the header is a hint.
    private static func keepalive(_ headers: HTTPHeaders) throws(ConnectError) -> TimeAmount {
        let asked = headers.first(name: "keepalive-ping-interval").flatMap(decimal)
        guard let asked, EnvdLimits.keepaliveRange.contains(asked) else {
            return .seconds(Int64(EnvdLimits.keepaliveSeconds))
        }
        return .seconds(Int64(asked))
    }

    /// The password is nobody's business: the access token has proved the right to be any user of the sandbox.
    private static func user(_ headers: HTTPHeaders) throws(ConnectError) -> String? {
        guard let header = headers.first(name: "authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.first?.lowercased() == "basic" else { return nil }
        guard parts.count == 2, let bytes = Base64.decode(parts[1].utf8),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw ConnectError(.unauthenticated, "authorization: not 'Basic' and base64 of 'user:'") }
        let user = String(text.prefix { $0 != ":" })
        guard user.utf8.count <= EnvdLimits.userNameBytes, !user.utf8.contains(0) else {
            throw ConnectError(.unauthenticated, "invalid username: '\(user.prefix(EnvdLimits.userNameBytes))'")
        }
        return user.isEmpty ? nil : user
    }

    private static func decimal(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
