/// The name of a sandbox, unique for all time: `i` and 19 characters of `[a-z0-9]`, as E2B's are. It never names a
/// machine.
public struct SandboxID: Hashable, Sendable, CustomStringConvertible, Codable {
    public static let lengthRange = 1...32

    public let text: String

    /// Draws a new one: 19 random characters carry 98 bits.
    public init() {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var random = SystemRandomNumberGenerator()
        text = "i" + String((0..<19).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
    }

    /// - Throws: `SpecError.malformed` unless `text` is 1...32 characters of `[a-z0-9]`.
    public init(_ text: String) throws(SpecError) {
        let isWellFormed =
            Self.lengthRange.contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
        guard isWellFormed else {
            throw .malformed(field: "sandboxID", value: text, allowed: "1...32 characters of [a-z0-9]")
        }
        self.text = text
    }

    public var description: String { text }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
