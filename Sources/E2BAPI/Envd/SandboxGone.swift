import HTTPExchange
import NIOCore
import SandboxModel

/// The answer of the edge for a sandbox that is over; clients recognise its words.
enum SandboxGone {
    static func response(_ id: SandboxID) -> HTTPResponse {
        let body = Body(sandboxId: id.text, message: "The sandbox was not found", code: 502)
        // Texts and a number always make JSON.
        return .json(.badGateway, (try? ProtoJSON.encode(body)) ?? ByteBuffer())
    }

    private struct Body: Encodable {
        let sandboxId: String
        let message: String
        let code: Int
    }
}
