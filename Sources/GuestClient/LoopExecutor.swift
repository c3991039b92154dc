import NIOCore

/// Runs tasks on the thread of an event loop. What answers a request mostly waits, for the client and for a guest whose
/// connections live on that loop too, so it need never change threads. Work that takes long leaves it:
/// `withTaskExecutorPreference(globalConcurrentExecutor)`.
public final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Whether the caller is on the event loop's thread.
    public var isHere: Bool { eventLoop.inEventLoop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
