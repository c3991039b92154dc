/// What a backend could not do: at which step, why, and how to mend it where we know.
public struct BackendError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// What was asked is not within what this backend can do.
        case refused
        case notFound
        /// The host has no room for it now.
        case exhausted
        /// The backend itself is not there: its helper died and is being restarted.
        case unavailable
        /// The kernel or a program refused a step.
        case failed
    }

    /// The step at which a landing finds no zygote.
    public static let zygoteStep = "zygote"

    public let code: Code
    public let backend: String
    public let step: String
    public let cause: String
    public let hint: String?

    public init(_ code: Code, backend: String, step: String, cause: String, hint: String? = nil) {
        self.code = code
        self.backend = backend
        self.step = step
        self.cause = cause
        self.hint = hint
    }

    public var description: String {
        "\(backend): \(step): \(cause)\(hint.map { " (\($0))" } ?? "")"
    }
}
