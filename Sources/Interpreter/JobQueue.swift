/// Work that outlives who asked for it, on its way to the interpreter's `run()`, which holds the tasks. Not bounded
/// here: there is one job for each context at work, and one for each event of a sandbox or a zygote, and all are.
struct JobQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let source: AsyncStream<Job>.Continuation

    init() {
        (jobs, source) = AsyncStream.makeStream()
    }

    /// - Returns: false once `run()` has ended.
    func add(_ job: @escaping Job) -> Bool {
        if case .terminated = source.yield(job) { return false }
        return true
    }

    /// Does what comes, until it is cancelled; then cancels what is under way and waits for it. Once.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
        source.finish()
    }
}
