/// Runs cells on one interpreter and shows what they say.
struct CellRun: Sendable {
    enum Ending: Hashable, Sendable {
        /// The cell came to its end; it failed if it told an error.
        case finished(number: Int?, hasFailed: Bool)
        case interrupted
        case timedOut
    }

    let interpreter: RemoteInterpreter
    let language: String?
    let environment: [String: String]
    /// nil for none.
    let limit: Duration?
    let style: CellStyle
    let images: ImageFolder

    /// Returns when the cell has ended and all of it was shown, or the connection was closed: at the limit, or at the
    /// first interruption.
    /// - Throws: `RemoteError`, `APIClientError`; `CancellationError` if the task was cancelled.
    func run(_ code: String, interruptions: AsyncStream<Void>? = nil) async throws -> Ending {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { try await execute(code) }
            if let limit {
                group.addTask {
                    try await Task.sleep(for: limit)
                    return .timedOut
                }
            }
            if let interruptions {
                group.addTask {
                    for await _ in interruptions { return .interrupted }
                    throw CancellationError()
                }
            }
            defer { group.cancelAll() }
            guard let ending = try await group.next() else { throw CancellationError() }
            return ending
        }
    }

    private func execute(_ code: String) async throws -> Ending {
        var printer = CellPrinter(style, images: images)
        var number: Int?
        var hasFailed = false
        let cell = RemoteInterpreter.Cell(code: code, language: language, environment: environment)
        do {
            try await interpreter.run(cell) { line, event in
                if case .count(let count) = event { number = count }
                if case .error = event { hasFailed = true }
                try await printer.show(line, event)
            }
        } catch {
            try printer.finish()
            throw error
        }
        try printer.finish()
        return .finished(number: number, hasFailed: hasFailed)
    }
}
