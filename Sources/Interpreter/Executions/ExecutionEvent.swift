import KernelProtocol

/// What a client hears of an execution, in order; `end` is the last.
public enum ExecutionEvent: Hashable, Sendable {
    case count(Int)
    /// In nanoseconds since 1970.
    case output(KernelMessage.OutputStream, String, at: Int64)
    case result(KernelResult)
    case error(KernelError)
    /// Nothing else happened for a while.
    case keepalive
    case end

    /// What it takes to hold, in bytes, give or take.
    var weight: Int {
        switch self {
        case .count, .keepalive, .end: 64
        case .output(_, let text, _): 64 + text.utf8.count
        case .result(let result): 64 + result.weight
        case .error(let error): 64 + error.name.bytes.count + error.value.bytes.count + error.traceback.bytes.count
        }
    }
}

extension KernelResult {
    /// Of all forms, in bytes.
    var weight: Int { forms.reduce(0) { $0 + $1.mimeType.utf8.count + $1.value.bytes.count } }
}
