import KernelProtocol

/// Why the interpreter did not do what was asked.
public enum InterpreterError: Error, Hashable, Sendable {
    case contextNotFound(String)
    case unknownLanguage(String, known: [String])
    case tooManyContexts(limit: Int)
    /// As many executions as may be are waiting for the context.
    case rowIsFull(limit: Int)
    /// The code and its variables together are over the limit.
    case requestTooLong(limit: Int)
    /// The server holds as many bytes for the sandbox as it may.
    case budgetIsUsedUp(limit: Int)
    /// The sandbox refused what the kernel was to be started with; its sentence.
    case refused(String)
    /// The kernel could not be started; a sentence.
    case kernelFailed(String)
    /// The sandbox is over.
    case sandboxIsGone
    /// The server is ending.
    case unavailable
}

extension InterpreterError {
    /// What a client is told who is listening already.
    var event: KernelError {
        switch self {
        case .contextNotFound: KernelError(name: "ContextRestarting", value: "the context was removed")
        case .rowIsFull(let limit):
            KernelError(name: "ExecutionAborted", value: "\(limit) executions wait for this context already")
        case .budgetIsUsedUp(let limit): KernelError(name: "ExecutionAborted", value: Self.budgetSentence(limit))
        case .refused(let sentence), .kernelFailed(let sentence):
            KernelError(name: "KernelFailed", value: sentence)
        case .unknownLanguage, .tooManyContexts, .requestTooLong, .sandboxIsGone, .unavailable:
            KernelError(name: "ExecutionAborted", value: "\(self)")
        }
    }

    /// What is wrong when the budget is used up, and what helps.
    public static func budgetSentence(_ limit: Int) -> String {
        "code that waits and results that were not read yet take up the \(limit) bytes that a sandbox may have of the "
            + "server: read the results, or try again later"
    }
}
