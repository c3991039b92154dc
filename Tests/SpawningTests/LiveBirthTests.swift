import Foundation
import Glibc
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite(.serialized, .enabled(if: geteuid() == 0, "making sandboxes needs root"))
struct LiveBirthTests {
    private static let ids = (1...12).map { "s\($0)" }

    @Test func `sandboxes that are asked for together are all made, each once`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let numbers = try Self.ids.map { try server.submit(.create(spawner.request($0))) }
            for number in numbers { #expect(try server.answer(to: number) == .created) }
            #expect(try Set(server.list().map(\.sandboxID)) == Set(Self.ids))
            for id in Self.ids { #expect(try spawner.ask(id, "cat /run/e2b/.E2B_SANDBOX_ID") == id) }
            for id in Self.ids { _ = try server.submit(.destroy(sandboxID: id)) }
            let ends = try Self.ids.map { _ in try server.nextEnd() }
            #expect(Set(ends.map(\.0)) == Set(Self.ids) && ends.allSatisfy { $0.1 == .destroyed })
        }
    }

    @Test func `an id is taken from the moment it is asked for`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let first = try server.submit(.create(spawner.request("one")))
            let second = try server.submit(.create(spawner.request("one")))
            guard case .failed(let failure) = try server.answer(to: second) else { throw TestFailure("made twice") }
            #expect(failure.code == .exists)
            #expect(try server.answer(to: first) == .created)
        }
    }

    @Test func `one that is ended while it is being made ends, and its id is free`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            for _ in 0..<10 {
                let create = try server.submit(.create(spawner.request("one")))
                let destroy = try server.submit(.destroy(sandboxID: "one"))
                #expect(try server.answer(to: destroy) == .done)
                #expect(try server.nextEnd() == ("one", .destroyed))
                switch try server.answer(to: create) {  // either way, the end comes last or just after
                case .created, .failed: break
                case let other: throw TestFailure("create was answered with \(other)")
                }
                #expect(try server.list().isEmpty)
            }
        }
    }

    @Test func `one whose root cannot be made is told of when nothing of it is left`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let broken = spawner.request("one") { $0.layers.append(spawner.brokenLayer) }
            for _ in 0..<3 {
                let failure = try #require(throws: SpawnFailure.self) { try server.create(broken) }
                #expect(failure.code == .kernel && failure.errorNumber == ENOTDIR)
                #expect(try server.list().isEmpty && access(spawner.socketPath("one.sock"), F_OK) != 0)
            }
            try server.create(spawner.request("one"))
        }
    }

    @Test func `one whose server has gone meanwhile is the next server's`() throws {
        try SpawnerFixture.withSpawner { spawner in
            var first: TestConnection? = try spawner.connect()
            _ = try first?.submit(.create(spawner.request("one")))
            first = nil
            let second = try spawner.connect()
            #expect(try second.list().map(\.sandboxID) == ["one"])
            #expect(try spawner.ask("one", "cat /run/e2b/.E2B_SANDBOX_ID") == "one")
        }
    }
}
