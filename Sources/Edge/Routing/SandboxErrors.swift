import HTTPExchange
import NIOCore
import NIOHTTP1
import SandboxModel

/// What a client gets that asks for something of a sandbox that is not there. Clients look for the phrases "was not
/// found" and "port is not open"; a person at a browser gets a page that says the same.
enum SandboxErrors {
    static func notFound(_ id: SandboxID, to request: HTTPRequest) -> HTTPResponse {
        response(id, "", "The sandbox was not found", to: request)
    }

    static func portNotOpen(_ id: SandboxID, _ port: UInt16, to request: HTTPRequest) -> HTTPResponse {
        about(id, port, "The sandbox is running but port is not open", to: request)
    }

    static func badUpstream(_ id: SandboxID, _ port: UInt16, to request: HTTPRequest) -> HTTPResponse {
        about(id, port, "What listens on the port does not answer in HTTP", to: request)
    }

    private static func about(
        _ id: SandboxID, _ port: UInt16, _ message: String, to request: HTTPRequest
    ) -> HTTPResponse {
        response(id, "\"port\":\(port),", message, to: request)
    }

    private static func response(
        _ id: SandboxID, _ port: String, _ message: String, to request: HTTPRequest
    ) -> HTTPResponse {
        guard !isBrowser(request.headers) else { return page(id, message) }
        let body = "{\"sandboxId\":\"\(id)\",\"message\":\"\(message)\",\(port)\"code\":502}"
        return .json(.badGateway, ByteBuffer(string: body))
    }

    /// Nothing of the request stands on the page but the id, which is letters and digits.
    private static func page(_ id: SandboxID, _ message: String) -> HTTPResponse {
        let title = "Sandbox \(id)"
        let page = "<!doctype html><html lang=\"en\"><title>\(title)</title><h1>\(title)</h1><p>\(message).</p></html>"
        return HTTPResponse(
            status: .badGateway, headers: ["content-type": "text/html; charset=utf-8"],
            body: .bytes(ByteBuffer(string: page)))
    }

    /// A program may accept HTML without a thought; a browser says besides that it is one.
    private static func isBrowser(_ headers: HTTPHeaders) -> Bool {
        let acceptsHTML = headers[canonicalForm: "accept"].contains { $0.lowercased().hasPrefix("text/html") }
        return acceptsHTML && headers.first(name: "user-agent")?.hasPrefix("Mozilla/") == true
    }
}
