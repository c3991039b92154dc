import NIOPosix
import Testing

@testable import Interpreter

@Suite struct JobQueueTests {
    @Test("work is done on the event loop where it was asked for, and none of it after the end")
    func workStaysOnItsEventLoop() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let eventLoops = Array(group.makeIterator())
        let queue = JobQueue(eventLoops)
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await queue.run() }
            for eventLoop in eventLoops {
                let isThere = await withCheckedContinuation { told in
                    eventLoop.execute { _ = queue.add { told.resume(returning: eventLoop.inEventLoop) } }
                }
                #expect(isThere)
            }
            let isOnOne = await withCheckedContinuation { told in
                _ = queue.add { told.resume(returning: eventLoops.contains { $0.inEventLoop }) }
            }
            #expect(!isOnOne)
            tasks.cancelAll()
        }
        #expect(!queue.add {})
        try await group.shutdownGracefully()
    }
}
