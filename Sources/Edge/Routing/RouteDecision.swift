import HTTPExchange
import NIOHTTP1
import SandboxModel

/// Whose a request is, judged by its Host, its routing headers and its path alone.
enum RouteDecision: Hashable, Sendable {
    static let sandboxHeader = "e2b-sandbox-id"
    static let portHeader = "e2b-sandbox-port"

    case controlPlane
    /// A signed `/files` URL that does not say whose it is: the signature does.
    case signedFile
    case sandbox(SandboxID, port: UInt16)
    /// 400, with the reason.
    case refused(String)

    /// A Host below `domain` that names a sandbox decides; otherwise the two headers do, whatever the Host, so that
    /// the server may be reached by any address; a request with neither is for the control plane.
    static func decide(target: RequestTarget, headers: HTTPHeaders, domain: String) -> RouteDecision {
        let host = headers.first(name: "host") ?? ""
        let authority = Authority(host)
        guard authority != nil || host.isEmpty else { return .refused("Host '\(host.prefix(100))' is not a host") }
        if let authority, let label = label(of: authority, below: domain), !isReserved(label) {
            guard let (id, port) = sandbox(label) else {
                return .refused("Host '\(authority.host)' is not '{port}-{sandboxID}.\(domain)'")
            }
            return .sandbox(id, port: port)
        }
        switch (headers[sandboxHeader], headers[portHeader]) {
        case ([], []):
            let isSignedFile = target.segments == ["files"] && target.query("signature") != nil
            return isSignedFile ? .signedFile : .controlPlane
        case (let ids, let ports) where ids.count == 1 && ports.count == 1:
            return decide(id: ids[0], port: ports[0])
        case (_, []): return .refused("header E2b-Sandbox-Id without E2b-Sandbox-Port")
        case ([], _): return .refused("header E2b-Sandbox-Port without E2b-Sandbox-Id")
        default: return .refused("headers E2b-Sandbox-Id and E2b-Sandbox-Port must come once each")
        }
    }

    /// Names directly below the domain that are the server's own.
    static func isReserved(_ label: String) -> Bool {
        label == "api" || label == "sandbox"
    }

    /// The part of `authority` before `.domain`; nil if it is not below the domain.
    static func label(of authority: Authority, below domain: String) -> String? {
        guard !authority.isAddress, authority.host.hasSuffix("." + domain) else { return nil }
        return String(authority.host.dropLast(domain.utf8.count + 1))
    }

    /// `{port}-{sandboxID}`.
    private static func sandbox(_ label: String) -> (SandboxID, UInt16)? {
        let parts = label.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        // The id's own error would only say again what the caller says.
        guard parts.count == 2, let port = Authority.port(parts[0]), let id = try? SandboxID(String(parts[1])) else {
            return nil
        }
        return (id, port)
    }

    private static func decide(id text: String, port portText: String) -> RouteDecision {
        guard let port = Authority.port(portText) else {
            return .refused("E2b-Sandbox-Port: '\(portText.prefix(20))' is not a decimal number in 1...65535")
        }
        do throws(SpecError) {
            return .sandbox(try SandboxID(text), port: port)
        } catch {
            return .refused("E2b-Sandbox-Id: \(error)")
        }
    }
}
