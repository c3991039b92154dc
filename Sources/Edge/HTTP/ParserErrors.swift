import KernelProtocol
import NIOCore
import NIOHTTP1

/// What a client gets for a request that cannot be parsed.
enum ParserErrors {
    /// - Returns: nil if the error is not about the request.
    static func refusal(of error: any Error) -> RequestRules.Refusal? {
        switch error {
        case HTTPParserError.headerOverflow:
            RequestRules.Refusal(.requestHeaderFieldsTooLarge, "the request's head is too long")
        case HTTPParserError.invalidVersion:
            RequestRules.Refusal(.httpVersionNotSupported, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here")
        case is HTTPParserError, is NIOHTTPDecoderError, is ByteToMessageDecoderError:
            RequestRules.Refusal(.badRequest, "the request is not valid HTTP/1.1")
        default: nil
        }
    }
}

/// `{"code":..,"message":..}`, the shape of every error of the control plane and of the edge.
enum ErrorBody {
    static func json(code: Int, message: String) -> String {
        "{\"code\":\(code),\"message\":\(JSONEscape.quoted(message))}"
    }
}
