import GuestClient
import NIOCore

/// The requests of one event loop's connections, on their way to the tasks that answer them. `run` holds those tasks.
struct ExchangeLane: Sendable {
    let eventLoop: any EventLoop
    /// Unbounded here, because connections and their streams are bounded and each holds at most one.
    private let exchanges: AsyncStream<Exchange>
    private let queue: AsyncStream<Exchange>.Continuation

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        (exchanges, queue) = AsyncStream.makeStream(of: Exchange.self)
    }

    /// - Returns: false once `end()` was called.
    func take(_ exchange: Exchange) -> Bool {
        if case .terminated = queue.yield(exchange) { return false }
        return true
    }

    /// No more exchanges.
    func end() {
        queue.finish()
    }

    /// Has `responder` answer what comes, on the event loop's thread, until `end()` or a cancellation; then cancels
    /// what is under way and waits for it. Once.
    func run(_ responder: any EdgeResponder) async {
        await withTaskExecutorPreference(LoopExecutor(eventLoop)) {
            await withDiscardingTaskGroup { group in
                for await exchange in exchanges {
                    group.addTask { await exchange.run(responder) }
                }
                group.cancelAll()
            }
        }
    }
}
