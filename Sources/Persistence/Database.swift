import GRDB
import Glibc

/// The installation's SQLite database: one file, write-ahead log, many readers and one writer. The stores are the only
/// way to it. Nothing here blocks the calling thread: GRDB has queues of its own.
public struct Database: Sendable {
    /// How long a writer waits for another process's transaction (the `key` commands), in seconds.
    static let busyTimeoutSeconds = 5.0
    static let readerCount = 4

    let pool: DatabasePool
    let log: WriteAheadLog

    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    /// - Throws: `StoreError.failed`, also if a newer version of Nestbox wrote the file.
    public static func open(at path: String) async throws(StoreError) -> Database {
        try await open(at: path, sync: fdatasync)
    }

    static func open(
        at path: String, sync: @escaping @Sendable (Int32) -> Int32
    ) async throws(StoreError) -> Database {
        try await StoreError.translating {
            // In WAL mode, with `synchronous = NORMAL`: `log` does the waiting.
            let pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = Migrations.migrator
            if try await pool.read(migrator.hasBeenSuperseded) {
                throw StoreError.failed("\(path) was written by a newer version of Nestbox")
            }
            try migrator.migrate(pool)
            return Database(pool: pool, log: try WriteAheadLog(of: path, sync: sync))
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.maximumReaderCount = readerCount
        configuration.label = "nestbox"
        return configuration
    }

    /// Lends a snapshot of the database.
    func read<Value: Sendable>(
        _ body: @Sendable @escaping (GRDB.Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await StoreError.translating { try await pool.read(body) }
    }

    /// Runs `body` in one transaction: all of it or nothing, and on disk when this returns. Goes through in a cancelled
    /// task too: whoever cleans up after a cancellation must be able to write down that it did.
    func write<Value: Sendable>(
        _ body: @Sendable @escaping (GRDB.Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let value = try await writeSyncingLater(body)
        try await settle()
        return value
    }

    /// The same, but not yet on disk: a crash of this process loses nothing of it, a power cut may until the next
    /// `settle` returns. For what the host's end makes void anyway; it spares the wait for the disk.
    func writeSyncingLater<Value: Sendable>(
        _ body: @Sendable @escaping (GRDB.Database) throws -> Value
    ) async throws(StoreError) -> Value {
        // Not GRDB's asynchronous `write`, which gives up in a cancelled task.
        try await StoreError.translating {
            try await withCheckedThrowingContinuation { waiter in
                pool.asyncWrite(body) { _, result in waiter.resume(with: result) }
            }
        }
    }

    /// Returns once all that was written before is on disk.
    func settle() async throws(StoreError) {
        try await StoreError.translating { try await log.settle() }
    }
}
