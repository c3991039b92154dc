import SandboxModel
import Testing

@testable import Persistence

@Suite struct SandboxStoreTests {
    @Test func `what was admitted is read back as it was, its token derived`() async throws {
        try await withSandboxes { store, _ in
            let record = try SandboxRecord.test("i1", metadata: ["k": "v\"'ü"], environment: ["A": "1"])
            let outcome = try await store.admit(Admission(record: record, idempotencyKey: nil), limit: 1)
            #expect(outcome == .admitted)
            #expect(try await store.sandbox(record.id, of: record.tenant) == record)
        }
    }

    @Test func `another tenant's sandbox is not there`() async throws {
        try await withSandboxes { store, _ in
            let record = try await store.run(.test("i1", tenant: "a"))
            let other = try TenantID("b")
            #expect(try await store.sandbox(record.id, of: other) == nil)
            #expect(try await store.finish(record.id, of: other, .killed, at: .test(1)) == false)
            #expect(try await store.list(SandboxQuery(), of: other, at: .test(30)).sandboxes.isEmpty)
            var stolen = record
            stolen.tenant = other
            await #expect(throws: StoreError.stale(record.id)) { try await store.commit(stolen, endsAt: .test(9)) }
        }
    }

    @Test func `as many as the limit are admitted, also at once; one that ended makes room`() async throws {
        try await withSandboxes { store, _ in
            let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        do {
                            let record = try SandboxRecord.test("i\(number)", tenant: number % 2 == 0 ? "a" : "b")
                            _ = try await store.admit(Admission(record: record, idempotencyKey: nil), limit: 5)
                            return true
                        } catch StoreError.full(limit: 5) {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(admitted == 5)
            let one = try #require(try await store.unfinished().first).record
            try await store.finish(one.id, of: one.tenant, .killed, at: .test(1))
            _ = try await store.admit(Admission(record: .test("inew"), idempotencyKey: nil), limit: 5)
        }
    }

    @Test func `every change raises the generation, and a late write changes nothing`() async throws {
        try await withSandboxes { store, _ in
            let admitted = try SandboxRecord.test("i1")
            let running = try await store.run(admitted)
            #expect(running.generation == 2 && running.state == .running)
            let later = try await store.commit(running, endsAt: .test(500))
            #expect(later.generation == 3 && later.endsAt == .test(500))
            await #expect(throws: StoreError.stale(admitted.id)) { try await store.commit(running, endsAt: .test(1)) }
            await #expect(throws: StoreError.stale(admitted.id)) { try await store.commit(running: admitted) }
            #expect(try await store.sandbox(admitted.id, of: admitted.tenant) == later)
        }
    }

    @Test func `an end is final and its first reason stands`() async throws {
        try await withSandboxes { store, _ in
            let record = try await store.run(.test("i1"))
            #expect(try await store.finish(record.id, of: record.tenant, .expired, at: .test(7)))
            #expect(try await store.finish(record.id, of: record.tenant, .killed, at: .test(8)) == false)
            let ended = try #require(try await store.sandbox(record.id, of: record.tenant))
            #expect(ended.state == .ended && ended.endReason == .expired && ended.endsAt == .test(7))
            await #expect(throws: StoreError.stale(record.id)) { try await store.commit(ended, endsAt: .test(9)) }
            #expect(try await store.unfinished().isEmpty)
        }
    }

    @Suite struct Idempotency {
        @Test func `the same request with the same key gives the same sandbox, whatever its end is now`() async throws {
            try await withSandboxes { store, _ in
                let first = try await store.run(.test("i1", environment: ["A": "1"]), key: "k")
                let moved = try await store.commit(first, endsAt: .test(900))
                let again = try SandboxRecord.test("i2", createdAt: .test(50), environment: ["A": "1"])
                let outcome = try await store.admit(Admission(record: again, idempotencyKey: "k"), limit: 10)
                #expect(outcome == .repeated(moved))
            }
        }

        @Test(arguments: [
            try SandboxRecord.test("i2", metadata: ["other": "1"]), try SandboxRecord.test("i2", seconds: 301),
            try SandboxRecord.test("i2", environment: ["A": "2"]), try SandboxRecord.test("i2", template: "other"),
        ])
        func `another request with the same key is refused`(other: SandboxRecord) async throws {
            try await withSandboxes { store, _ in
                try await store.run(.test("i1"), key: "k")
                await #expect(throws: StoreError.idempotencyConflict(key: "k")) {
                    try await store.admit(Admission(record: other, idempotencyKey: "k"), limit: 10)
                }
            }
        }

        @Test func `a request that is still under way is a conflict`() async throws {
            try await withSandboxes { store, _ in
                _ = try await store.admit(Admission(record: .test("i1"), idempotencyKey: "k"), limit: 10)
                await #expect(throws: StoreError.idempotencyConflict(key: "k")) {
                    try await store.admit(Admission(record: .test("i2"), idempotencyKey: "k"), limit: 10)
                }
            }
        }

        @Test func `keys of two tenants have nothing to do with each other`() async throws {
            try await withSandboxes { store, _ in
                try await store.run(.test("i1", tenant: "a"), key: "k")
                let other = try SandboxRecord.test("i2", tenant: "b", seconds: 9)
                #expect(try await store.admit(Admission(record: other, idempotencyKey: "k"), limit: 10) == .admitted)
            }
        }

        @Test func `a sandbox that failed gives its key back`() async throws {
            try await withSandboxes { store, _ in
                let failed = try SandboxRecord.test("i1")
                _ = try await store.admit(Admission(record: failed, idempotencyKey: "k"), limit: 10)
                try await store.finish(failed.id, of: failed.tenant, .failed, at: .test(1))
                let outcome = try await store.admit(Admission(record: .test("i2"), idempotencyKey: "k"), limit: 10)
                #expect(outcome == .admitted)
            }
        }
    }
}
