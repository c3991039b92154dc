import GRDB
import Testing

@testable import Persistence

@Suite struct DatabaseTests {
    @Test func `what was acknowledged is on disk: the writer syncs fully`() async throws {
        try await withTemporaryDatabase { database, _ in
            let level = try await database.pool.writeWithoutTransaction {
                try Int.fetchOne($0, sql: "PRAGMA synchronous")
            }
            #expect(level == 2)
            let journal = try await database.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(journal == "wal")
        }
    }

    @Test(arguments: [false, true])
    func `what syncs later is a transaction like any other, and the next write syncs`(fails: Bool) async throws {
        try await withTemporaryDatabase { database, _ in
            let insert = "INSERT INTO grdb_migrations VALUES ('probe')"
            let outcome = await Task {
                try await database.writeSyncingLater { db in
                    #expect(try Int.fetchOne(db, sql: "PRAGMA synchronous") == 1 && db.isInsideTransaction)
                    try db.execute(sql: insert)
                    if fails { throw StoreError.failed("on purpose") }
                }
            }.result
            #expect((try? outcome.get()) != nil || fails)
            let count = "SELECT count(*) FROM grdb_migrations WHERE identifier = 'probe'"
            #expect(try await database.read { try Int.fetchOne($0, sql: count) } == (fails ? 0 : 1))
            let level = try await database.pool.writeWithoutTransaction {
                try Int.fetchOne($0, sql: "PRAGMA synchronous")
            }
            #expect(level == 2)
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
