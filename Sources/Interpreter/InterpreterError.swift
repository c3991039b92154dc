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
        case .refused(let sentence), .kernelFailed(let sentence):
            KernelError(name: "KernelFailed", value: sentence)
        case .unknownLanguage, .tooManyContexts, .requestTooLong, .sandboxIsGone, .unavailable:
            KernelError(name: "ExecutionAborted", value: "\(self)")
        }
    }
}
