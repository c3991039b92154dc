import Foundation
import Glibc
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite(.serialized, .enabled(if: geteuid() == 0, "making sandboxes needs root"))
struct LiveSpawnerTests {
    @Test func `a sandbox answers on its socket and is gone after destroy`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            #expect(try spawner.ask("one", "cat /run/e2b/.E2B_SANDBOX_ID") == "one")
            #expect(try server.list().map(\.sandboxID) == ["one"])
            #expect(try server.perform(.destroy(sandboxID: "one")) == .done)
            #expect(try server.nextEnd() == ("one", .destroyed))
            #expect(try server.list().isEmpty)
            #expect(access(spawner.socketPath("one.sock"), F_OK) != 0)
            #expect(try server.perform(.destroy(sandboxID: "one")) == .done)
        }
    }

    @Test func `its root is its layers, the topmost first, with a writable one above`() throws {
        try SpawnerFixture.withSpawner { spawner in
            try spawner.connect().create(spawner.request("one"))
            #expect(try spawner.ask("one", "cat /which") == "upper")
            #expect(try spawner.ask("one", "cat /lower") == "here")
            #expect(try spawner.ask("one", "write /which mine") == "ok")
            #expect(try spawner.ask("one", "cat /which") == "miner")
            #expect(try spawner.ask("one", "chown /which 1000 1000") == "ok")
        }
    }

    @Test func `it has a host name, a machine id and a boot id of its own`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            var seen: [Set<String>] = [[], [], []]
            for id in ["one", "two"] {
                try server.create(spawner.request(id))
                seen[0].insert(try spawner.ask(id, "cat /proc/sys/kernel/hostname"))
                seen[1].insert(try spawner.ask(id, "cat /etc/machine-id"))
                seen[2].insert(try spawner.ask(id, "cat /proc/sys/kernel/random/boot_id"))
            }
            #expect(seen[0] == ["one\n", "two\n"] && seen[1].count == 2 && seen[2].count == 2)
            let hostBootID = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            #expect(!seen[2].contains(hostBootID))
        }
    }

    @Test func `it sees its own processes, its own network and nothing of the host`() throws {
        try SpawnerFixture.withSpawner { spawner in
            try spawner.connect().create(spawner.request("one"))
            let processes = try spawner.ask("one", "ls /proc").split(separator: "\n").filter { Int($0) != nil }
            #expect(processes == ["1"])
            // Its streams and its socket, this connection, and the directory being read.
            #expect(try spawner.ask("one", "ls /proc/self/fd").split(separator: "\n") == ["0", "1", "2", "3", "4", "5"])
            #expect(try spawner.ask("one", "cat /proc/net/dev").split(separator: "\n").count == 3)  // two heads and lo
            let cgroups = try spawner.ask("one", "cat /proc/self/cgroup").split(separator: "\n")
            #expect(cgroups.allSatisfy { $0.hasSuffix(":/") })
            #expect(try ["", "error \(ENOENT)"].contains(spawner.ask("one", "cat /proc/kcore")))
            #expect(try spawner.ask("one", "cat /proc/timer_list") == "")
            #expect(try spawner.ask("one", "ls /sys") == "")
            #expect(try spawner.ask("one", "write /proc/sys/kernel/core_pattern x").hasPrefix("error"))
            #expect(try spawner.ask("one", "write /proc/sys/kernel/random/boot_id x").hasPrefix("error"))
        }
    }

    @Test func `it keeps no capability over the kernel and a filter is in force`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            try server.create(spawner.request("two") { $0.noNewPrivileges = false })
            for (id, flag) in [("one", "1"), ("two", "0")] {
                let status = try spawner.ask(id, "cat /proc/1/status").split(separator: "\n")
                func field(_ name: String) -> Substring? {
                    status.first { $0.hasPrefix(name + ":") }?.split(separator: "\t").last
                }
                #expect(field("CapBnd") == "00000000a00405fb" && field("CapEff") == "00000000a00405fb")
                #expect(field("CapInh") == "0000000000000000" && field("CapAmb") == "0000000000000000")
                #expect(field("Seccomp") == "2" && field("NoNewPrivs") == flag[...])
            }
        }
    }

    @Test func `its disk ends at its limit`() throws {
        try SpawnerFixture.withSpawner { spawner in
            try spawner.connect().create(spawner.request("one") { $0.limits.diskBytes = 32 << 20 })
            let answer = try spawner.ask("one", "fill /big").split(separator: " ").compactMap { Int($0) }
            #expect(answer.count == 2 && answer[0] > 8 << 20 && answer[0] < 32 << 20 && answer[1] == Int(ENOSPC))
        }
    }

    @Test func `an id that is in use is refused, and the sandbox that has it lives`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            let failure = try #require(throws: SpawnFailure.self) { try server.create(spawner.request("one")) }
            #expect(failure.code == .exists)
            #expect(try spawner.ask("one", "cat /lower") == "here")
        }
    }

    @Test func `a layer that is not there is refused by name, and nothing is left`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let unknown = CreateSandbox.digest(77)
            let failure = try #require(throws: SpawnFailure.self) {
                try server.create(spawner.request("one") { $0.layers.append(unknown) })
            }
            #expect(failure.code == .refused && failure.message.contains(unknown))
            #expect(try server.list().isEmpty && access(spawner.socketPath("one.sock"), F_OK) != 0)
            try server.create(spawner.request("one"))
        }
    }

    @Test func `a deadline ends it, also one that was set later`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one") { $0.deadlineMilliseconds = wallMilliseconds() + 200 })
            try server.create(spawner.request("two"))
            #expect(try server.nextEnd() == ("one", .expired))
            _ = try server.perform(.setDeadline(sandboxID: "two", deadlineMilliseconds: 1))
            #expect(try server.nextEnd() == ("two", .expired))
        }
    }

    @Test func `a guest that ends, and one that runs out of memory, are told apart`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            _ = try spawner.ask("one", "exit")
            #expect(try server.nextEnd() == ("one", .guestExited))
            try server.create(spawner.request("two"))
            _ = try spawner.ask("two", "hog")
            #expect(try server.nextEnd() == ("two", .outOfMemory))
        }
    }

    @Test func `what it uses is told`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            _ = try spawner.ask("one", "stay")
            guard case .usage(let usage) = try server.perform(.usage(sandboxID: "one")) else {
                throw TestFailure("no usage")
            }
            #expect(usage.processes == 2 && usage.memoryLimitBytes == 64 << 20 && usage.memoryBytes > 0)
            guard case .failed(let failure) = try server.perform(.usage(sandboxID: "two")) else {
                throw TestFailure("usage of nobody")
            }
            #expect(failure.code == .notFound)
        }
    }

    @Test func `one that is being ended is nobody any more`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(spawner.request("one"))
            _ = try server.submit(.destroy(sandboxID: "one"))
            guard case .failed(let failure) = try server.perform(.usage(sandboxID: "one")) else {
                throw TestFailure("usage of one that is being ended")
            }
            #expect(failure.code == .notFound)
        }
    }

    @Test func `a connection that talks nonsense is cut off, others go on`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let good = try spawner.connect()
            let bad = try spawner.connect()
            try bad.send([1, 2, 3])
            #expect(throws: (any Error).self) { try bad.receive() }
            #expect(try good.list().isEmpty)
        }
    }

    @Test func `a second spawner for the same data is refused`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let status = try spawner.runAnother()
            #expect(status == 1)
            #expect(try spawner.connect().list().isEmpty)
        }
    }
}
