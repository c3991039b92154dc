import Foundation
import Glibc
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite(.serialized, .enabled(if: geteuid() == 0, "making sandboxes needs root"))
struct LiveRecoveryTests {
    @Test func `sandboxes outlive their spawner and the next one adopts them`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            try server.create(spawner.request("two"))
            let before = try server.list().sorted { $0.sandboxID < $1.sandboxID }
            spawner.killSpawner()
            #expect(try spawner.ask("one", "cat /lower") == "here")
            try spawner.start()

            let next = try spawner.connect()
            let after = try next.list().sorted { $0.sandboxID < $1.sandboxID }
            #expect(after.map(\.hostPid) == before.map(\.hostPid))
            #expect(after.allSatisfy { $0.deadlineMilliseconds == 0 })
            #expect(try spawner.ask("two", "cat /lower") == "here")
            #expect(throws: SpawnFailure.self) { try next.create(spawner.request("one")) }
            try next.create(spawner.request("three"))
            _ = try next.perform(.destroy(sandboxID: "one"))
            #expect(try next.nextEnd() == ("one", .destroyed))
            _ = try next.perform(.setDeadline(sandboxID: "two", deadlineMilliseconds: 1))
            #expect(try next.nextEnd() == ("two", .expired))
        }
    }

    @Test func `one that ended while no spawner ran is cleaned away`() throws {
        try SpawnerFixture.withSpawner { spawner in
            try spawner.connect().create(spawner.request("one"))
            spawner.killSpawner()
            _ = try spawner.ask("one", "exit")
            try spawner.start()
            let next = try spawner.connect()
            // It may be found in its last moment, and is then told of like any other.
            if try !next.list().isEmpty { #expect(try next.nextEnd() == ("one", .guestExited)) }
            #expect(try next.list().isEmpty && access(spawner.socketPath("one.sock"), F_OK) != 0)
            try next.create(spawner.request("one"))
        }
    }

    @Test func `fifty lives leave nothing behind`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            func live(_ id: String) throws {
                try server.create(spawner.request(id))
                _ = try spawner.ask(id, "cat /lower")
                _ = try server.perform(.destroy(sandboxID: id))
                #expect(try server.nextEnd() == (id, .destroyed))
            }
            for number in 0..<20 { try live("warm-\(number)") }  // until the pools have their size
            let before = try HostCount.settled(spawner)
            for number in 0..<50 { try live("s-\(number)") }
            let after = try HostCount.settled(spawner)
            #expect(after.isNoMore(than: before), "\(after) after \(before)")
            #expect(after.cgroups > 0)
        }
    }

    @Test func `a spawner of no more use ends, and takes everything with it`() throws {
        try SpawnerFixture.withSpawner { spawner in
            do {
                let server = try spawner.connect()
                try server.create(spawner.request("one"))
                _ = try server.perform(.destroy(sandboxID: "one"))
                _ = try server.nextEnd()
            }
            #expect(spawner.waitForExit() == 0)
            #expect(try HostCount.cgroups(of: spawner.instance) == 0)
            #expect(access(spawner.socketPath("spawner.sock"), F_OK) != 0)
        }
    }
}

/// What a spawner and its sandboxes take of the host, as far as it can be counted without counting others' things.
private struct HostCount: Equatable {
    var descriptors: Int
    var mounts: Int
    var children: Int
    var cgroups: Int
    var loopDevices: Int

    init(_ spawner: SpawnerFixture) throws {
        let proc = "/proc/\(spawner.pid)"
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "\(proc)/fd").count
        mounts = try String(contentsOfFile: "\(proc)/mountinfo", encoding: .utf8).split(separator: "\n").count
        children = try String(contentsOfFile: "\(proc)/task/\(spawner.pid)/children", encoding: .utf8)
            .split(separator: " ").count
        cgroups = try Self.cgroups(of: spawner.instance)
        let path = spawner.directory.path
        loopDevices = try FileManager.default.contentsOfDirectory(atPath: "/sys/block").filter { name in
            (try? String(contentsOfFile: "/sys/block/\(name)/loop/backing_file", encoding: .utf8))?.hasPrefix(path)
                ?? false
        }.count
    }

    /// Counts until it stays the same: pools fill, and the kernel tidies up after an answer.
    static func settled(_ spawner: SpawnerFixture) throws -> HostCount {
        var last = try HostCount(spawner)
        var same = 0
        while same < 40 {
            let count = try HostCount(spawner)
            same = count == last ? same + 1 : 0
            last = count
        }
        return last
    }

    func isNoMore(than other: HostCount) -> Bool {
        descriptors <= other.descriptors && mounts <= other.mounts && children <= other.children
            && cgroups <= other.cgroups && loopDevices <= other.loopDevices
    }

    static func cgroups(of instance: String) throws -> Int {
        var count = 0
        var rest = ["/sys/fs/cgroup"]
        while let directory = rest.popLast() {
            let number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard number >= 0 else { continue }  // a file, or gone meanwhile
            defer { close(number) }
            if directory.contains("/\(instance)") { count += 1 }
            rest += DirectoryListing.names(in: number).map { "\(directory)/\($0)" }
        }
        return count
    }
}
