import FoundationEssentials
import KernelProtocol

/// The name of a context within its sandbox, and of its kernel's socket: `[a-z0-9+#-]`.
public struct ContextID: Hashable, Sendable, CustomStringConvertible {
    public static let lengthRange = 1...KernelLimits.contextBytes

    public let text: String

    /// Draws a new one.
    init() {
        text = UUID().uuidString.lowercased()
    }

    /// - Returns: nil unless `text` is such a name.
    public init?(_ text: String) {
        let isWellFormed =
            Self.lengthRange.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || "+#-".utf8.contains(byte)
            }
        guard isWellFormed else { return nil }
        self.text = text
    }

    public var description: String { text }
}

/// Where code runs and what it finds again.
public struct CodeContext: Hashable, Sendable {
    public let id: ContextID
    public let language: String
    public let workingDirectory: String
}
