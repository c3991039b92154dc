import HTTPExchange
import NIOCore
import NIOHTTP1
import SandboxModel

/// What a client gets that asks for something of a sandbox that is not there. Clients look for the phrases "was not
/// found" and "port is not open".
enum SandboxErrors {
    static func notFound(_ id: SandboxID) -> HTTPResponse {
        response("{\"sandboxId\":\"\(id)\",\"message\":\"The sandbox was not found\",\"code\":502}")
    }

    static func portNotOpen(_ id: SandboxID, _ port: UInt16) -> HTTPResponse {
        about(id, port, "The sandbox is running but port is not open")
    }

    static func badUpstream(_ id: SandboxID, _ port: UInt16) -> HTTPResponse {
        about(id, port, "What listens on the port does not answer in HTTP")
    }

    private static func about(_ id: SandboxID, _ port: UInt16, _ message: String) -> HTTPResponse {
        response("{\"sandboxId\":\"\(id)\",\"message\":\"\(message)\",\"port\":\(port),\"code\":502}")
    }

    private static func response(_ body: String) -> HTTPResponse {
        .json(.badGateway, ByteBuffer(string: body))
    }
}
