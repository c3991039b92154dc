import HTTPExchange
import NIOHTTP1
import SandboxModel

/// Judges whether a request may speak to a sandbox: by the access token, or for files by a signature made with it.
struct EnvdAuthorization {
    private let accessToken: String
    private let now: Timestamp

    init(_ accessToken: String, at now: Timestamp) {
        self.accessToken = accessToken
        self.now = now
    }

    /// - Returns: nil if the request may pass.
    func refusal(of request: HTTPRequest, for route: EnvdRoute) -> EnvdFailure? {
        guard route != .health else { return nil }
        // No sandbox is without a token; if one were, nobody would hold it.
        guard !accessToken.isEmpty else { return Self.unauthorized }
        let tokens = request.headers["x-access-token"]
        if tokens.count == 1, ConstantTime.areEqual(tokens[0], accessToken) { return nil }
        guard route == .files else { return Self.unauthorized }
        guard tokens.isEmpty else {
            return EnvdFailure(.unauthorized, "access token present in header but does not match")
        }
        return signatureRefusal(of: request)
    }

    private func signatureRefusal(of request: HTTPRequest) -> EnvdFailure? {
        guard request.target.query("signature") != nil else {
            return EnvdFailure(.unauthorized, "missing signature query parameter")
        }
        guard let signature = FileSignature(of: request), signature.isMade(with: accessToken) else {
            return EnvdFailure(.unauthorized, "invalid signature")
        }
        if let expiration = signature.expiration, expiration < now.unixMilliseconds / 1000 {
            return EnvdFailure(.unauthorized, "signature is already expired")
        }
        return nil
    }

    private static let unauthorized = EnvdFailure(
        .unauthorized,
        "unauthorized access, please provide a valid access token or method signing if supported")
}
