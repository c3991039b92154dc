import Crypto
import HTTPExchange
import NIOCore
import NIOHTTP1

/// The right to read or write one path, given away in a URL: `v1_` and the unpadded base64 of the SHA-256 of
/// `path:operation:username:token[:expiration]`.
struct FileSignature: Equatable {
    enum Operation: String {
        case read, write
    }

    let path: String
    let operation: Operation
    let username: String
    /// Seconds since 1970.
    let expiration: Int64?
    /// As the request has it.
    let signature: String

    /// - Returns: nil unless `request` reads or writes a file and has a signature and, if any, a decimal expiration.
    init?(of request: HTTPRequest) {
        switch request.method {
        case .GET, .HEAD: operation = .read
        case .POST: operation = .write
        default: return nil
        }
        guard let signature = request.target.query("signature") else { return nil }
        self.signature = signature
        path = request.target.query("path") ?? ""
        username = request.target.query("username") ?? ""
        guard let text = request.target.query("signature_expiration") else {
            expiration = nil
            return
        }
        // Only the form that clients write, so that one expiration has one text.
        guard let expiration = Int64(text), String(expiration) == text else { return nil }
        self.expiration = expiration
    }

    init(_ path: String, _ operation: Operation, username: String = "", expiration: Int64? = nil, token: String) {
        self.path = path
        self.operation = operation
        self.username = username
        self.expiration = expiration
        signature = Self.make(path, operation, username, expiration, token)
    }

    func isMade(with token: String) -> Bool {
        ConstantTime.areEqual(signature, Self.make(path, operation, username, expiration, token))
    }

    private static func make(
        _ path: String, _ operation: Operation, _ username: String, _ expiration: Int64?, _ token: String
    ) -> String {
        var text = "\(path):\(operation.rawValue):\(username):\(token)"
        if let expiration { text += ":\(expiration)" }
        var encoded = ByteBuffer()
        Base64.write(ByteBuffer(bytes: SHA256.hash(data: Array(text.utf8))), into: &encoded)
        return "v1_" + String(buffer: encoded).filter { $0 != "=" }
    }
}
