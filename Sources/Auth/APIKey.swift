import Crypto
import SandboxModel

/// The secret that a client shows: `e2b_` and 40 hexadecimal digits, the form that E2B's clients accept. It is shown
/// once, when it is made; after that only its hash exists.
public struct APIKey: Sendable, CustomStringConvertible {
    public static let prefix = "e2b_"
    static let randomBytes = 20
    static let length = prefix.utf8.count + 2 * randomBytes

    /// The key itself, for the one who is to have it.
    public let secret: String

    /// Draws a new one: 160 random bits.
    public init() {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<Self.randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        secret = Self.prefix + Hex.text(bytes)
    }

    /// - Returns: nil unless `text` has exactly the form of a key.
    public init?(_ text: String) {
        guard text.utf8.count == Self.length, text.hasPrefix(Self.prefix),
            text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy(Hex.isDigit)
        else { return nil }
        secret = text
    }

    /// SHA-256 of the text. The key carries 160 random bits, so no slow hash is needed to keep it from being guessed.
    var hash: [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Enough for a person to know the key again.
    var mask: String { Self.prefix + secret.dropFirst(Self.prefix.count).prefix(4) + "…" + secret.suffix(4) }

    /// The mask: a key that is printed by mistake gives nothing away.
    public var description: String { mask }
}
