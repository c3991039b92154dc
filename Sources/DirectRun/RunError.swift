/// Why `nestbox run` did not run the command.
public enum RunError: Error, Hashable {
    /// The command line cannot be meant: the option, what was given, what is allowed.
    case usage(String)
    /// The host refused a step.
    case refused(step: String, reason: String)
    /// The command is there but cannot be executed.
    case notExecutable(String, reason: String)
    case notFound(String)

    /// As `env` and `docker run` answer.
    public var exitCode: Int32 {
        switch self {
        case .usage, .refused: 125
        case .notExecutable: 126
        case .notFound: 127
        }
    }

    public var sentence: String {
        switch self {
        case .usage(let text): text
        case .refused(let step, let reason): "\(step): \(reason)"
        case .notExecutable(let command, let reason): "cannot execute \(command): \(reason)"
        case .notFound(let command): "\(command): no such command in the sandbox"
        }
    }
}
