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
        "{\"code\":\(code),\"message\":\"\(escaped(message))\"}"
    }

    /// JSON text, RFC 8259 section 7.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case _ where scalar.value < 0x20:
                let hexadecimal = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
