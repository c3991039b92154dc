/// Who owns a row: 1...64 characters of `[a-z0-9-]`.
public struct TenantID: Hashable, Sendable, CustomStringConvertible {
    public static let lengthRange = 1...64

    /// The tenant that the first start makes.
    public static let `default` = TenantID(trusted: "default")

    public let text: String

    public init(_ text: String) throws(SpecError) {
        let isWellFormed =
            Self.lengthRange.contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        guard isWellFormed else {
            throw .malformed(field: "tenant", value: text, allowed: "1...64 characters of [a-z0-9-]")
        }
        self.text = text
    }

    private init(trusted text: String) {
        self.text = text
    }

    public var description: String { text }
}
