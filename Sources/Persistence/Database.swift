import GRDB

/// The installation's SQLite database: one file, write-ahead log, many readers and one writer. The stores are the only
/// way to it. Nothing here blocks the calling thread: GRDB has queues of its own.
public struct Database: Sendable {
    /// How long a writer waits for another process's transaction (the `key` commands), in seconds.
    static let busyTimeoutSeconds = 5.0
    static let readerCount = 4

    let pool: DatabasePool

    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    /// - Throws: `StoreError.failed`, also if a newer version of Nestbox wrote the file.
    public static func open(at path: String) async throws(StoreError) -> Database {
        try await StoreError.translating {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // Here and not in `prepareDatabase`: opening the pool sets NORMAL after that has run. What was
            // acknowledged must outlive a power cut.
            try await pool.writeWithoutTransaction { try $0.execute(sql: syncAll) }
            let migrator = Migrations.migrator
            if try await pool.read(migrator.hasBeenSuperseded) {
                throw StoreError.failed("\(path) was written by a newer version of Nestbox")
            }
            try migrator.migrate(pool)
            return Database(pool: pool)
        }
    }

    private static let syncAll = "PRAGMA synchronous = FULL"
    private static let syncLater = "PRAGMA synchronous = NORMAL"

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
        // Not GRDB's asynchronous `write`, which gives up in a cancelled task.
        try await StoreError.translating {
            try await withCheckedThrowingContinuation { waiter in
                pool.asyncWrite(body) { _, result in waiter.resume(with: result) }
            }
        }
    }

    /// The same, but not yet on disk: a crash of this process loses nothing of it, a power cut does until the next
    /// `write` returns. For what the host's end makes void anyway; it spares the wait for the disk.
    func writeSyncingLater<Value: Sendable>(
        _ body: @Sendable @escaping (GRDB.Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await StoreError.translating {
            try await withCheckedThrowingContinuation { waiter in
                pool.asyncWriteWithoutTransaction { db in
                    waiter.resume(with: Result { try Self.transaction(in: db, body) })
                }
            }
        }
    }

    private static func transaction<Value>(
        in db: GRDB.Database, _ body: (GRDB.Database) throws -> Value
    ) throws -> Value {
        var value: Value?
        try db.execute(sql: syncLater)
        do {
            try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
            }
        } catch {
            try db.execute(sql: syncAll)
            throw error
        }
        try db.execute(sql: syncAll)
        guard let value else { throw DatabaseError(message: "a transaction without a result") }
        return value
    }
}
