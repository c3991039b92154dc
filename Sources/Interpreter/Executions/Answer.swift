/// One answer to one who waits for it.
struct Answer<Value: Sendable>: Sendable {
    private let results: AsyncStream<Result<Value, InterpreterError>>
    private let source: AsyncStream<Result<Value, InterpreterError>>.Continuation

    init() {
        (results, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// The first answer counts.
    func give(_ result: Result<Value, InterpreterError>) {
        source.yield(result)
        source.finish()
    }

    /// - Throws: what was answered; `unavailable` if nobody is left to answer, or who waits was cancelled.
    func wait() async throws(InterpreterError) -> Value {
        for await result in results { return try result.get() }
        throw .unavailable
    }
}
