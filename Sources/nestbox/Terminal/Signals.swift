import Dispatch
import Glibc

/// The signals that ask a command to end.
enum Signals {
    static let endings = [SIGINT, SIGTERM, SIGHUP]

    /// Runs `body`; if one of the signals comes first, it is cancelled, and left time to put things in order. A second
    /// signal kills as if nobody watched.
    /// - Returns: what `body` gave, or the signal.
    static func race<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Race<Result> {
        let (signals, source) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let watches = endings.map { number in
            signal(number, SIG_IGN)
            let watch = DispatchSource.makeSignalSource(signal: number)
            watch.setEventHandler {
                signal(number, SIG_DFL)
                source.yield(number)
            }
            watch.activate()
            return watch
        }
        defer { watches.forEach { $0.cancel() } }
        return try await withThrowingTaskGroup(of: Race<Result>.self) { group in
            group.addTask { .finished(try await body()) }
            group.addTask {
                for await number in signals { return .signalled(number) }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    enum Race<Result: Sendable>: Sendable {
        case finished(Result)
        case signalled(Int32)
    }
}
