import Dispatch
import Foundation
import KernelProtocol
import Synchronization
import Testing

@testable import Interpreter

/// What a kernel says is taken apart on the event loop that others wait for only if it is little.
@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    /// An executor that counts what it was given.
    private final class CountingExecutor: TaskExecutor {
        private let queue = DispatchQueue(label: "test.pool")
        private let count = Atomic(0)

        var jobs: Int { count.load(ordering: .relaxed) }

        func enqueue(_ job: consuming ExecutorJob) {
            count.add(1, ordering: .relaxed)
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    /// So many frames with nothing in them, or with so many bytes.
    private static func frames(_ count: Int, of bytes: Int) -> String {
        let frame = KernelFrame.bytes(kind: 0x82, payload: [UInt8](repeating: UInt8(ascii: "x"), count: bytes))
        let hexadecimal = frame.map { String(format: "%02x", $0) }.joined()
        return "frame " + String(repeating: hexadecimal, count: count)
    }

    @Test(arguments: [(1, 100), (600, 0)])
    func `little is taken apart where it came`(count: Int, bytes: Int) async throws {
        let pool = CountingExecutor()
        try await withStudio(pool: pool) { studio in
            try await studio.onEventLoop { _ = try await studio.run(Self.frames(count, of: bytes)) }
            #expect(pool.jobs == 0)
        }
    }

    @Test(arguments: [(1, 5000), (1000, 0)])
    func `much is taken apart elsewhere: one long message, or many of no length`(
        count: Int, bytes: Int
    ) async throws {
        let pool = CountingExecutor()
        try await withStudio(pool: pool) { studio in
            try await studio.onEventLoop {
                expect(try await studio.run(Self.frames(count, of: bytes)).words.last, is: "end")
            }
            #expect(pool.jobs > 0)
        }
    }
}
