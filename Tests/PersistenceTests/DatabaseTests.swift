import Foundation
import GRDB
import Synchronization
import Testing

@testable import Persistence

@Suite struct DatabaseTests {
    @Test func `what was acknowledged is on disk: a write waits for the log, with all of it in it`() async throws {
        try await withTemporaryDatabase { _, path in
            let disk = FakeDisk(log: "\(path)-wal")
            let database = try await Database.open(at: path, sync: disk.sync)
            try await database.write { try $0.execute(sql: FakeDisk.insert) }
            #expect(disk.lengths == [try disk.length()])
            let journal = try await database.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(journal == "wal")
        }
    }

    @Test(arguments: [false, true])
    func `what syncs later is a transaction like any other, and the next write syncs`(fails: Bool) async throws {
        try await withTemporaryDatabase { _, path in
            let disk = FakeDisk(log: "\(path)-wal")
            let database = try await Database.open(at: path, sync: disk.sync)
            let outcome = await Task {
                try await database.writeSyncingLater { db in
                    // The log is synced before it is copied into the database, and that before the log begins anew.
                    #expect(try Int.fetchOne(db, sql: "PRAGMA synchronous") == 1 && db.isInsideTransaction)
                    try db.execute(sql: FakeDisk.insert)
                    if fails { throw StoreError.failed("on purpose") }
                }
            }.result
            #expect((try? outcome.get()) != nil || fails)
            #expect(try await database.read { try Int.fetchOne($0, sql: FakeDisk.count) } == (fails ? 0 : 1))
            #expect(disk.lengths.isEmpty)
            try await database.settle()
            #expect(disk.lengths == [try disk.length()])
        }
    }

    @Test func `all who come while the disk is busy wait for it together, once`() async throws {
        try await withTemporaryDatabase { _, path in
            let disk = FakeDisk(log: "\(path)-wal", isSlow: true)
            let database = try await Database.open(at: path, sync: disk.sync)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await database.settle() }
                await disk.isBusy()
                for _ in 1...20 { group.addTask { try await database.settle() } }
                while database.log.waiterCount < 20 { await Task.yield() }
                disk.goOn()
                await disk.isBusy()
                disk.goOn()
                try await group.waitForAll()
            }
            #expect(disk.lengths.count == 2)
        }
    }

    @Test func `a disk that failed once is believed no more`() async throws {
        try await withTemporaryDatabase { _, path in
            let disk = FakeDisk(log: "\(path)-wal")
            let database = try await Database.open(at: path, sync: disk.sync)
            disk.fail(with: EIO)
            await #expect(throws: StoreError.self) { try await database.write { try $0.execute(sql: FakeDisk.insert) } }
            disk.fail(with: nil)
            await #expect(throws: StoreError.self) { try await database.settle() }
            let store = SandboxStore(database) { _ in "" }
            await #expect(throws: StoreError.self) { try await store.settle() }
            #expect(disk.lengths.count == 1)
        }
    }

    @Test func `a second opening finds the schema and changes nothing`() async throws {
        try await withTemporaryDatabase { first, path in
            let before = try await first.read { try $0.dumpedSchema() }
            let second = try await Database.open(at: path)
            #expect(try await second.read { try $0.dumpedSchema() } == before)
            #expect(before.contains("idempotency_key"))
        }
    }

    @Test func `a file of a newer version is refused`() async throws {
        try await withTemporaryDatabase { database, path in
            try await database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999_future')") }
            await #expect(throws: StoreError.failed("\(path) was written by a newer version of Nestbox")) {
                try await Database.open(at: path)
            }
        }
    }

    @Test func `a row for a tenant that is not there is refused`() async throws {
        try await withTemporaryDatabase { database, _ in
            let store = SandboxStore(database) { _ in "" }
            await #expect(throws: StoreError.self) {
                try await store.admit(Admission(record: .test("i1"), idempotencyKey: nil), limit: 1)
            }
        }
    }

    @Test func `a write goes through in a cancelled task`() async throws {
        try await withSandboxes { store, _ in
            let record = try await store.run(.test("i1"))
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await store.finish(record.id, of: record.tenant, .killed, at: .test(1))
            }
            #expect(try await task.value)
        }
    }

    @Test func `of two callers at once both get the same installation value`() async throws {
        try await withTemporaryDatabase { database, _ in
            let store = InstallationStore(database)
            async let first = store.value(named: "x") { [1] }
            async let second = store.value(named: "x") { [2] }
            let (one, other) = (try await first, try await second)
            let later = try await store.value(named: "x") { [3] }
            #expect(one == other && later == one)
        }
    }
}

extension GRDB.Database {
    fileprivate func dumpedSchema() throws -> String {
        try String.fetchAll(self, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            .joined(separator: "\n")
    }
}

/// What is done to a database's log instead of bringing it to the disk.
private final class FakeDisk: Sendable {
    static let insert = "INSERT INTO grdb_migrations VALUES ('probe')"
    static let count = "SELECT count(*) FROM grdb_migrations WHERE identifier = 'probe'"

    private struct State {
        var lengths: [Int] = []
        var failure: Int32?
    }

    private let log: String
    private let state = Mutex(State())
    private let begun = AsyncStream<Void>.makeStream()
    private let gate: DispatchSemaphore?

    init(log: String, isSlow: Bool = false) {
        self.log = log
        gate = isSlow ? DispatchSemaphore(value: 0) : nil
    }

    /// How long the log was each time.
    var lengths: [Int] { state.withLock { $0.lengths } }

    func length() throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
    }

    func fail(with number: Int32?) {
        state.withLock { $0.failure = number }
    }

    @Sendable func sync(_ file: Int32) -> Int32 {
        var status = stat()
        fstat(file, &status)
        let length = Int(status.st_size)
        begun.continuation.yield()
        gate?.wait()
        return state.withLock { state in
            state.lengths.append(length)
            guard let failure = state.failure else { return 0 }
            errno = failure
            return -1
        }
    }

    /// Returns when somebody waits for the slow disk.
    func isBusy() async {
        for await _ in begun.stream { return }
    }

    /// Lets that one go on.
    func goOn() {
        gate?.signal()
    }
}
