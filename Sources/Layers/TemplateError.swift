import SandboxModel

/// Why a template cannot be used: which file, which field, what is wrong.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public let file: String
    /// nil if the file as a whole is at fault.
    public let field: String?
    public let cause: String

    public init(file: String, field: String? = nil, cause: String) {
        self.file = file
        self.field = field
        self.cause = cause
    }

    public var description: String { "\(file): \(field.map { "\($0): " } ?? "")\(cause)" }
}
