import Foundation
import Glibc
import LinuxSystem
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

    @Test func `a spawner started from another cgroup finds them, too`() throws {
        try SpawnerFixture.withSpawner { spawner in
            try spawner.connect().create(spawner.request("one"))
            spawner.killSpawner()
            let layout = try CgroupLayout.detect()
            let own = (layout.legacy.values + [layout.unified].compactMap(\.self)).map(\.ownDirectory)
            let elsewhere = Set(own).map { "\($0)/elsewhere-\(spawner.instance)" }
            for directory in elsewhere { #expect(mkdir(directory, 0o755) == 0) }
            try spawner.start(in: elsewhere)
            let next = try spawner.connect()
            #expect(try next.list().map(\.sandboxID) == ["one"])
            _ = try next.perform(.destroy(sandboxID: "one"))
            #expect(try next.nextEnd() == ("one", .destroyed))
            spawner.killSpawner()
            for directory in elsewhere { try SpawnerFixture.removeCgroup(directory) }
            try spawner.start()
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

    @Test(arguments: FailingStep.allCases)
    func `a create that fails leaves nothing behind`(_ failing: FailingStep) throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            for number in 0..<12 {  // until the pools have their size
                try server.create(spawner.request("warm-\(number)"))
                _ = try server.perform(.destroy(sandboxID: "warm-\(number)"))
                _ = try server.nextEnd()
            }
            var before: HostCount?
            for number in 0..<40 {
                // Until then the pools have grown to their limits; and a layer stays mounted from its first use on.
                if number == 30 { before = try HostCount.settled(spawner) }
                try failing.withFailure(spawner) { change in
                    #expect(throws: SpawnFailure.self) {
                        try server.create(spawner.request("bad-\(number)", change))
                    }
                }
                #expect(access(spawner.socketPath("bad-\(number).sock"), F_OK) != 0)
            }
            #expect(try server.list().isEmpty)
            let (first, after) = (try #require(before), try HostCount.settled(spawner))
            #expect(after.isNoMore(than: first), "\(after) after \(first)")
            try server.create(spawner.request("good"))
            _ = try server.perform(.destroy(sandboxID: "good"))
            _ = try server.nextEnd()
        }
    }

    /// What goes wrong in a create, early to late.
    enum FailingStep: CaseIterable, Sendable {
        case layer, descriptors, cgroup, root

        /// Makes it go wrong while `body` runs, which applies the change it is given to its request.
        func withFailure(
            _ spawner: SpawnerFixture, _ body: ((inout CreateSandbox) -> Void) throws -> Void
        ) throws {
            switch self {
            case .layer: try body { $0.layers.append(CreateSandbox.digest(77)) }
            case .cgroup: try withSquatter(spawner, body)
            case .root: try body { $0.layers = [spawner.brokenLayer] }
            case .descriptors:
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(spawner.pid)/fd")
                let highest = open.compactMap { UInt64($0) }.max() ?? 0
                // What is open stays so; a few more are not enough for a sandbox.
                try Self.setDescriptorLimit(of: spawner.pid, to: highest + 4)
                defer { #expect(throws: Never.self) { try Self.setDescriptorLimit(of: spawner.pid, to: 4096) } }
                try body { _ in }
            }
        }

        fileprivate static func setDescriptorLimit(of pid: Int32, to limit: UInt64) throws {
            let words = ["/usr/bin/prlimit", "--pid", "\(pid)", "--nofile=\(limit):4096"]
            guard try ChildProcess(words).waitUntilExit() == 0 else { throw TestFailure("prlimit failed") }
        }

        /// A cgroup of the sandbox's name that somebody left in one hierarchy only.
        private func withSquatter(
            _ spawner: SpawnerFixture, _ body: ((inout CreateSandbox) -> Void) throws -> Void
        ) throws {
            let family = try #require(try SpawnerFixture.cgroups(of: spawner.instance).first { $0.hasSuffix("/f0") })
            let squatter = "\(family)/s-squatter"
            #expect(mkdir(squatter, 0o755) == 0)
            defer { rmdir(squatter) }
            try body { $0.sandboxID = "squatter" }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a layer that comes where there is no room for a descriptor is lost, and not the spawner`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            func live(_ id: String) throws {
                try server.create(spawner.request(id))
                _ = try server.perform(.destroy(sandboxID: id))
                _ = try server.nextEnd()
            }
            var number = 0
            while !spawner.log.contains("receive a writable layer") {
                // What this one takes is made anew as soon as nobody has been born for a while.
                number += 1
                try live("s-\(number)")
                let open = Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(spawner.pid)/fd"))
                let free = try #require((UInt64(0)...).first { !open.contains("\($0)") })
                try FailingStep.setDescriptorLimit(of: spawner.pid, to: free)
                let patience = ContinuousClock.now + .milliseconds(4 * Foresight.rest)
                while ContinuousClock.now < patience, !spawner.log.contains("receive a writable layer") { sched_yield() }
                try FailingStep.setDescriptorLimit(of: spawner.pid, to: 4096)
            }
            try live("good")
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
