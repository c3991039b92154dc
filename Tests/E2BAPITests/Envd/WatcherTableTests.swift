import NIOCore
import SandboxModel
import Testing

@testable import E2BAPI

@Suite struct WatcherTableTests {
    private static let start = ContinuousClock.now

    /// A table with one watcher that has begun.
    private func withWatcher(
        _ body: (inout WatcherTable, WatcherTable.Key) throws -> Void
    ) async throws {
        let key = WatcherTable.Key(sandbox: SandboxID(), watcherID: "w1")
        var table = WatcherTable()
        try await withCheckedThrowingContinuation { started in
            do {
                try table.admit(key, started, at: Self.start)
                table.begin(key) {}?.resume()
            } catch {
                started.resume(throwing: error)
            }
        }
        try body(&table, key)
    }

    @Test func `events wait in order and are told once`() async throws {
        try await withWatcher { table, key in
            table.add(ByteBuffer(string: "1"), to: key)
            table.add(ByteBuffer(string: "2"), to: key)
            let first = try table.takeEvents(key, at: Self.start)
            let second = try table.takeEvents(key, at: Self.start)
            #expect(first.map { String(buffer: $0) } == ["1", "2"])
            #expect(second.isEmpty)
        }
    }

    @Test func `events over the limit are told as lost, then the watcher goes on`() async throws {
        try await withWatcher { table, key in
            let event = ByteBuffer(repeating: 1, count: EnvdLimits.watcherEventBytes / 2 + 1)
            table.add(event, to: key)
            table.add(event, to: key)
            let error = #expect(throws: ConnectError.self) { try table.takeEvents(key, at: Self.start) }
            #expect(error?.code == .resourceExhausted)
            table.add(event, to: key)
            let after = try table.takeEvents(key, at: Self.start)
            #expect(after.count == 1)
        }
    }

    @Test func `a watcher that nobody polls is wanted no more`() async throws {
        try await withWatcher { table, key in
            let end = Self.start + EnvdLimits.watcherIdleTime
            #expect(table.isWanted(key, at: end))
            #expect(!table.isWanted(key, at: end + .seconds(1)))
            _ = try table.takeEvents(key, at: end)
            #expect(table.isWanted(key, at: end + .seconds(1)))
        }
    }

    @Test func `another sandbox's watcher is not found`() async throws {
        try await withWatcher { table, key in
            let other = WatcherTable.Key(sandbox: SandboxID(), watcherID: key.watcherID)
            let error = #expect(throws: ConnectError.self) { try table.takeEvents(other, at: Self.start) }
            #expect(error?.code == .notFound)
            _ = try table.remove(key)
            #expect(throws: ConnectError.self) { try table.remove(key) }
        }
    }
}
