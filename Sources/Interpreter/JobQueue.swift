import GuestClient
import NIOCore

/// Work that outlives who asked for it, on its way to the interpreter's `run()`, which holds the tasks. Not bounded
/// here: there is one job for each context at work, and one for each event of a sandbox or a zygote, and all are.
struct JobQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    /// One for each event loop, and the last for whoever is on none.
    private let lanes: [Lane]

    init(_ eventLoops: [any EventLoop]) {
        lanes = eventLoops.map { Lane(LoopExecutor($0)) } + [Lane(nil)]
    }

    /// The job is done on the event loop where it was asked for: it mostly waits, for a guest and for who asked, whose
    /// connections live there.
    /// - Returns: false once `run()` has ended.
    func add(_ job: @escaping Job) -> Bool {
        lanes.first { $0.executor?.isHere ?? true }?.add(job) ?? false
    }

    /// Does what comes, until it is cancelled; then cancels what is under way and waits for it. Once.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask(executorPreference: lane.executor) { await lane.run() }
            }
        }
    }

    private struct Lane: Sendable {
        let executor: LoopExecutor?
        private let jobs: AsyncStream<Job>
        private let source: AsyncStream<Job>.Continuation

        init(_ executor: LoopExecutor?) {
            self.executor = executor
            (jobs, source) = AsyncStream.makeStream()
        }

        func add(_ job: @escaping Job) -> Bool {
            if case .terminated = source.yield(job) { return false }
            return true
        }

        func run() async {
            await withDiscardingTaskGroup { group in
                for await job in jobs { group.addTask { await job() } }
                group.cancelAll()
            }
            source.finish()
        }
    }
}
