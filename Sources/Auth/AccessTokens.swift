import Crypto
import Persistence
import SandboxModel

/// What opens a sandbox's data plane: HMAC-SHA256 of its id under the installation's key, in hexadecimal. Nothing is
/// stored per sandbox, and a token stays good as long as its sandbox lives, also across restarts.
public struct AccessTokens: Sendable {
    static let keyName = "access-token-key"
    static let keyBytes = 32

    private let key: SymmetricKey

    public init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
    }

    /// Tokens under the installation's key, which is made now if this is the first time.
    public init(_ installation: InstallationStore) async throws(StoreError) {
        let key = try await installation.value(named: Self.keyName) {
            var random = SystemRandomNumberGenerator()
            return (0..<Self.keyBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        }
        self.init(key: key)
    }

    public func token(for id: SandboxID) -> String {
        Hex.text(HMAC<SHA256>.authenticationCode(for: Array("sandbox:\(id.text)".utf8), using: key))
    }

    public func isToken(_ text: String, for id: SandboxID) -> Bool {
        ConstantTime.areEqual(Array(text.utf8), Array(token(for: id).utf8))
    }
}
