import SandboxModel
import Testing

@testable import Persistence

@Suite struct ListingTests {
    @Test(arguments: [true, false])
    func `pages hold everything once, in order, though sandboxes come and go between them`(
        newestFirst: Bool
    ) async throws {
        try await withSandboxes { store, _ in
            // Three a second: the moment alone does not order them.
            for number in 10..<30 { try await store.run(.test("i\(number)", createdAt: .test(Int64(number / 3)))) }
            let tenant = try TenantID("a")
            var seen: [String] = []
            var token: String?
            repeat {
                let query = try SandboxQuery(newestFirst: newestFirst, pageToken: token, limit: 3)
                let page = try await store.list(query, of: tenant, at: .test(30))
                seen += page.sandboxes.map(\.id.text)
                token = page.nextToken
                if seen.count == 3 {
                    try await store.finish(SandboxID(seen[0]), of: tenant, .killed, at: .test(1))
                    try await store.run(.test("inew", createdAt: .test(newestFirst ? 99 : 0)))
                }
            } while token != nil
            let expected = (10..<30).map { "i\($0)" }
            #expect(seen == (newestFirst ? expected.reversed() : expected))
        }
    }

    @Test func `only running sandboxes of the tenant are listed and counted`() async throws {
        try await withSandboxes { store, _ in
            try await store.run(.test("irunning"))
            try await store.run(.test("iother", tenant: "b"))
            _ = try await store.admit(Admission(record: .test("istarting"), idempotencyKey: nil), limit: 9)
            let ended = try await store.run(.test("iended"))
            try await store.finish(ended.id, of: ended.tenant, .killed, at: .test(1))
            let page = try await store.list(SandboxQuery(limit: 1), of: TenantID("a"), at: .test(30))
            #expect(page.sandboxes.map(\.id.text) == ["irunning"])
            #expect(page.totalRunning == 1 && page.nextToken == nil)
            let none = try SandboxQuery(includesRunning: false)
            #expect(try await store.list(none, of: TenantID("a"), at: .test(30)).sandboxes.isEmpty)
        }
    }

    @Test func `one whose time is up is neither listed nor counted from that moment on`() async throws {
        try await withSandboxes { store, _ in
            try await store.run(.test("ibrief", seconds: 30))
            try await store.run(.test("ilong", seconds: 31))
            let page = try await store.list(SandboxQuery(), of: TenantID("a"), at: .test(30))
            #expect(page.sandboxes.map(\.id.text) == ["ilong"] && page.totalRunning == 1)
        }
    }

    @Test(arguments: [
        (["k": "1"], ["i1", "i2"]), (["k": "1", "l": "x"], ["i2"]), (["k": "2"], []), (["quote\"d": "a'b"], ["i3"]),
        (["$.k": "1"], []), (["k": "%"], []),
    ])
    func `metadata filters match whole names and values`(filter: [String: String], expected: [String]) async throws {
        try await withSandboxes { store, _ in
            try await store.run(.test("i1", metadata: ["k": "1"]))
            try await store.run(.test("i2", metadata: ["k": "1", "l": "x"]))
            try await store.run(.test("i3", metadata: ["quote\"d": "a'b"]))
            let query = try SandboxQuery(metadata: filter, newestFirst: false)
            let page = try await store.list(query, of: TenantID("a"), at: .test(30))
            #expect(page.sandboxes.map(\.id.text) == expected)
        }
    }

    @Test func `start and template narrow the list`() async throws {
        try await withSandboxes { store, _ in
            try await store.run(.test("i1", createdAt: .test(1)))
            try await store.run(.test("i2", createdAt: .test(2), template: "other"))
            let tenant = try TenantID("a")
            let late = try await store.list(SandboxQuery(startedAfter: .test(2)), of: tenant, at: .test(30))
            #expect(late.sandboxes.map(\.id.text) == ["i2"])
            let base = try await store.list(SandboxQuery(templateID: "base"), of: tenant, at: .test(30))
            #expect(base.sandboxes.map(\.id.text) == ["i1"])
        }
    }

    @Test(arguments: ["", "x", "1-", "-i1", "1-i1-2", "1-../x", "99999999999999999999-i1", "-1-i1"])
    func `a page token that we did not make is refused by name`(token: String) async throws {
        try await withSandboxes { store, _ in
            await #expect(throws: StoreError.self) {
                try await store.list(SandboxQuery(pageToken: token), of: TenantID("a"), at: .test(30))
            }
        }
    }

    @Test func `what ended long ago is forgotten with its history, and of the rest the oldest`() async throws {
        try await withSandboxes { store, database in
            for (number, end) in [(1, 10), (2, 100), (3, 110), (4, 120)] {
                let record = try await store.run(.test("i\(number)"))
                let event = SandboxEvent(at: .test(1), level: .info, message: "m")
                try await EventStore(database).append([PendingEvent(sandbox: record.id, event: event)])
                try await store.finish(record.id, of: record.tenant, .killed, at: .test(Int64(end)))
            }
            try await store.run(.test("ilive"))
            #expect(try await store.forget(endedBefore: .test(50), keeping: 2) == 2)
            #expect(try await store.forget(endedBefore: .test(50), keeping: 2) == 0)
            let tenant = try TenantID("a")
            #expect(try await store.sandbox(SandboxID("i2"), of: tenant) == nil)
            #expect(try await store.sandbox(SandboxID("i3"), of: tenant) != nil)
            #expect(try await store.sandbox(SandboxID("ilive"), of: tenant) != nil)
            #expect(try await EventStore(database).events(of: SandboxID("i1"), tenant: tenant, EventQuery()).isEmpty)
        }
    }
}
