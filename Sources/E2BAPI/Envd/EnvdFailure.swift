import HTTPExchange
import NIOCore
import NIOHTTP1

/// Why envd did not do what was asked, in the words of its HTTP endpoints: `{"code": 404, "message": ".."}`.
struct EnvdFailure: Error {
    let status: HTTPResponseStatus
    let message: String

    init(_ status: HTTPResponseStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    var response: HTTPResponse {
        let body = Body(code: Int(status.code), message: message)
        // A number and a text always make JSON.
        return .json(status, (try? ProtoJSON.encode(body)) ?? ByteBuffer())
    }

    private struct Body: Encodable {
        let code: Int
        let message: String
    }
}
