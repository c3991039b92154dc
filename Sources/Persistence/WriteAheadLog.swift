import Dispatch
import Glibc
import Synchronization

/// The database's write-ahead log, as a file that is to be on disk. SQLite appends to it and does not wait
/// (`synchronous = NORMAL`, https://www.sqlite.org/pragma.html#pragma_synchronous); whoever must wait does it here,
/// while others write on. One wait for the disk serves all who came before it began.
final class WriteAheadLog: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        var waiters: [Waiter] = []
        /// Of the first wait that failed. The kernel tells of lost bytes once, fsync(2), and what follows them in the
        /// log is lost with them: nothing that is written later may be called safe.
        var failure: StoreError?
    }

    private let file: Int32
    private let sync: @Sendable (Int32) -> Int32
    private let queue = DispatchQueue(label: "nestbox.disk")
    private let state = Mutex(State())

    /// - Parameters:
    ///   - path: of the database, which is open.
    ///   - sync: brings the file of this descriptor to the disk; returns 0, or -1 and sets `errno`.
    init(of path: String, sync: @escaping @Sendable (Int32) -> Int32 = fdatasync) throws(StoreError) {
        let name = "\(path)-wal"
        file = open(name, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .failed("\(name) could not be opened: \(String(cString: strerror(errno)))") }
        self.sync = sync
    }

    /// How many wait for the disk to be theirs.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    deinit {
        close(file)
    }

    /// Returns once all that was committed before is on disk; also in a cancelled task.
    /// - Throws: `StoreError.failed`, from then on always.
    func settle() async throws {
        try await withCheckedThrowingContinuation { (waiter: Waiter) in
            let isFirst = state.withLock { state in
                state.waiters.append(waiter)
                return state.waiters.count == 1
            }
            if isFirst { queue.async { self.serveWaiters() } }
        }
    }

    private func serveWaiters() {
        let (waiters, earlier) = state.withLock { state in
            defer { state.waiters = [] }
            return (state.waiters, state.failure)
        }
        let failure = earlier ?? (sync(file) == 0 ? nil : Self.failure(errno))
        if earlier == nil, let failure { state.withLock { $0.failure = failure } }
        for waiter in waiters { waiter.resume(with: failure.map { .failure($0) } ?? .success(())) }
    }

    private static func failure(_ number: Int32) -> StoreError {
        .failed(
            "what was written could not be brought to the disk (\(String(cString: strerror(number)))): "
                + "nothing is acknowledged any more until the server is started again")
    }
}
