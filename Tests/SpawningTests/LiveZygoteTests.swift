import Foundation
import Glibc
import GuestProtocol
import LinuxSystem
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite(.serialized, .enabled(if: geteuid() == 0, "making sandboxes needs root"))
struct LiveZygoteTests {
    private static let socket = "/run/landed.sock"

    /// Lends a server with a warm zygote and a sandbox of its family, which a fork of it has landed in.
    private static func withLanded(
        _ kind: String = "good", change: (inout CreateSandbox) -> Void = { _ in },
        _ body: (SpawnerFixture, TestConnection, RunningSandboxDescription) throws -> Void
    ) throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote(kind))
            try server.create(try spawner.warmRequest("one", change))
            try server.land(in: "one", socket)
            try body(spawner, server, try #require(try server.list().first))
        }
    }

    @Test func `a fork lands in every namespace of the sandbox, as a child of its first process`() throws {
        try Self.withLanded { spawner, server, sandbox in
            let landed = try spawner.ask(landed: Self.socket, in: sandbox, "report")
            let first = try spawner.ask("one", "report")
            for name in ["net", "user", "ipc", "uts", "pid", "mnt", "cgroup"] {
                let line = { (report: String) in report.split(separator: "\n").first { $0.contains("/ns/\(name) ->") } }
                #expect(line(landed) != nil && line(landed) == line(first))
            }
            #expect(landed.contains("\nparent 1\n") && landed.contains("is a session's leader 1\n"))
            #expect(try spawner.ask(landed: Self.socket, in: sandbox, "cat /proc/sys/kernel/hostname") == "one\n")
            #expect(try spawner.ask(landed: Self.socket, in: sandbox, "cat /run/e2b/.E2B_SANDBOX_ID") == "one")
            let processes = try spawner.ask(landed: Self.socket, in: sandbox, "ls /proc").split(separator: "\n")
            #expect(processes.filter { Int($0) != nil }.count == 2)
        }
    }

    @Test(arguments: [true, false])
    func `what lands has exactly what a command of the sandbox's root has`(noNewPrivileges: Bool) throws {
        try SpawnerFixture.withSpawner(guest: "nestbox-guest") { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("good") { $0.noNewPrivileges = noNewPrivileges })
            try server.create(try spawner.warmRequest("one") { $0.noNewPrivileges = noNewPrivileges })
            try server.land(in: "one", Self.socket)
            let sandbox = try #require(try server.list().first)
            let landed = Self.walls(try spawner.ask(landed: Self.socket, in: sandbox, "report"))
            let report = try GuestCommand.output(of: ["/probe", "report"], at: spawner.socketPath("one.sock"))
            let command = Self.walls(report)
            #expect(landed.symmetricDifference(command) == [])
            #expect(landed.contains("NoNewPrivs:\t\(noNewPrivileges ? 1 : 0)") && landed.contains("groups 1"))
            #expect(landed.contains("CapBnd:\t00000000a00405fb") && landed.contains("Seccomp:\t2"))
        }
    }

    /// The lines of a report that are walls; what is left out is another process's number, name, age or parent, its
    /// open streams, one filter more, or the few processes that each command may have more than what was there before.
    private static func walls(_ report: String) -> Set<String> {
        let own = [
            "Name:", "Tgid:", "Pid:", "PPid:", "NStgid:", "NSpid:", "NSpgid:", "NSsid:", "Ngid:", "Vm", "Rss", "State:",
            "Seccomp_filters:", "voluntary_", "nonvoluntary_", "parent ", "HugetlbPages:", "Threads:", "FDSize:",
            "SigQ:", "Cpus_allowed", "Mems_allowed", "descriptors:", "untag_mask:", "x86_", "CoreDumping:", "THP",
            "Max processes",
        ]
        return Set(
            report.split(separator: "\n").map(String.init).filter { line in
                Int(line) == nil && !own.contains { line.hasPrefix($0) }
            })
    }

    @Test func `what lands may enter no namespace any more, and has no descriptor but its own`() throws {
        try Self.withLanded { spawner, _, sandbox in
            #expect(try spawner.ask(landed: Self.socket, in: sandbox, "setns") == "error \(EPERM)")
            // Its streams, its listener, this connection, and the directory being read.
            let open = try spawner.ask(landed: Self.socket, in: sandbox, "ls /proc/self/fd").split(separator: "\n")
            #expect(open == ["0", "1", "2", "3", "4", "5"])
        }
    }

    @Test func `it is held to the sandbox's processes, and reaped when it ends`() throws {
        try Self.withLanded(change: { $0.limits.processes = 20 }) { spawner, server, sandbox in
            let answer = try spawner.ask(landed: Self.socket, in: sandbox, "forks").split(separator: " ")
            let count = try #require(answer.first.flatMap { Int($0) })
            #expect((10...18).contains(count) && answer.last == "\(EAGAIN)")
            guard case .usage(let usage) = try server.perform(.usage(sandboxID: "one")) else {
                throw TestFailure("no usage")
            }
            #expect(usage.processes <= 20)
        }
    }

    @Test func `it is held to the sandbox's memory, and its death does not end the zygote`() throws {
        try Self.withLanded { spawner, server, sandbox in
            _ = try spawner.ask(landed: Self.socket, in: sandbox, "hog")
            guard case .usage(let usage) = try server.perform(.usage(sandboxID: "one")) else {
                throw TestFailure("no usage")
            }
            #expect(usage.outOfMemoryKills >= 1)
            try server.land(in: "one", "/run/again.sock")
            #expect(try spawner.ask(landed: "/run/again.sock", in: sandbox, "cat /lower") == "here")
        }
    }

    @Test func `nobody in the sandbox gets at what lands as long as it shares its memory with who brought it`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("lingering"))
            try server.create(try spawner.warmRequest("one"))
            let landing = try server.submit(.land(sandboxID: "one", payload: Array(Self.socket.utf8)))
            #expect(try spawner.ask("one", "haunt") == "0 of 200")
            guard case .landed = try server.answer(to: landing) else { throw TestFailure("no landing") }
            let one = try #require(try server.list().first)
            _ = try spawner.ask(landed: Self.socket, in: one, "report")
            #expect(try spawner.ask("one", "haunt") == "200 of 200", "from then on it is like any of its processes")
        }
    }

    @Test func `what forks make before they land has room beside the zygote's own limit`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("laden") { $0.limits.memoryBytes = 64 << 20 })
            for number in 0..<8 {
                try server.create(try spawner.warmRequest("s-\(number)"))
                try server.land(in: "s-\(number)", Self.socket)
            }
            for sandbox in try server.list() {
                #expect(try spawner.ask(landed: Self.socket, in: sandbox, "cat /lower") == "here")
            }
        }
    }

    @Test func `a sandbox has so many landings, and is then told that there are no more`() throws {
        try Self.withLanded { spawner, server, _ in
            // All at once: none waits until those before it are counted.
            let numbers = try (1..<2 * LandedMemory.sandboxLimit).map { number in
                try server.submit(.land(sandboxID: "one", payload: Array("/run/\(number).sock".utf8)))
            }
            var landings = 1
            for number in numbers {
                switch try server.answer(to: number) {
                case .landed: landings += 1
                case .failed(let failure): #expect(failure.code == .exhausted)
                case let other: throw TestFailure("land was answered with \(other)")
                }
            }
            #expect(landings == LandedMemory.sandboxLimit)
            try server.create(try spawner.warmRequest("two"))
            #expect(try server.land(in: "two", Self.socket) > 1)
        }
    }

    @Test func `a sandbox whose root stops all that moves there costs its family no zygote`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("good"))
            try server.create(try spawner.warmRequest("one"))
            try server.create(try spawner.warmRequest("two"))
            _ = try spawner.ask("one", "stop")
            for _ in 0..<3 {
                // Landed all the same, if it was quick.
                _ = try? server.land(in: "one", Self.socket)
                #expect(try server.land(in: "two", Self.socket) > 1)
            }
        }
    }

    @Test func `a zygote whose forks make more than there is room for runs out of it`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("overladen") { $0.limits.memoryBytes = 160 << 20 })
            let failure = try #require(throws: SpawnFailure.self) {
                for number in 0..<8 {
                    try server.create(try spawner.warmRequest("s-\(number)"))
                    try server.land(in: "s-\(number)", Self.socket)
                }
            }
            #expect(failure.step == "zygote" && failure.code == .notFound)
        }
    }

    @Test func `destroying the sandbox ends it, and the zygote lands elsewhere`() throws {
        try Self.withLanded { spawner, server, _ in
            _ = try server.perform(.destroy(sandboxID: "one"))
            #expect(try server.nextEnd() == ("one", .destroyed))
            try server.create(try spawner.warmRequest("two"))
            try server.land(in: "two", Self.socket)
            let two = try #require(try server.list().first)
            #expect(try spawner.ask(landed: Self.socket, in: two, "cat /run/e2b/.E2B_SANDBOX_ID") == "two")
        }
    }

    @Test func `sixty-four landings at once all land, each in its sandbox`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("good"))
            for number in 0..<8 { try server.create(try spawner.warmRequest("s-\(number)")) }
            let numbers = try (0..<64).map { number in
                try server.submit(
                    .land(sandboxID: "s-\(number % 8)", payload: Array("/run/\(number / 8).sock".utf8)))
            }
            for number in numbers {
                guard case .landed(let pid) = try server.answer(to: number) else { throw TestFailure("no landing") }
                #expect(pid > 1)
            }
            for sandbox in try server.list() {
                for place in 0..<8 {
                    let id = try spawner.ask(landed: "/run/\(place).sock", in: sandbox, "cat /run/e2b/.E2B_SANDBOX_ID")
                    #expect(id == sandbox.sandboxID)
                }
            }
        }
    }

    @Test func `others are served while a landing is under way`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let slow = try server.submit(.startZygote(try spawner.zygote("silent")))
            #expect(try server.list().isEmpty)
            _ = try server.perform(.endZygote(family: CreateSandbox.example().family))
            guard case .failed(let failure) = try server.answer(to: slow) else { throw TestFailure("it started") }
            #expect(failure.code == .notFound && failure.step == "zygote")
        }
    }

    @Test func `one of the same description is taken as it is, another takes its place`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("good"))
            try server.start(try spawner.zygote("good"))
            try server.start(try spawner.zygote("large"))
            #expect(try server.nextZygoteEnd() == CreateSandbox.example().family)
            try server.create(try spawner.warmRequest("one"))
            #expect(try server.land(in: "one", Self.socket) > 1)
        }
    }

    @Test func `a sandbox that has no zygote, or not its own, is told so`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(try spawner.warmRequest("one"))
            try server.create(spawner.request("other"))
            func refusal(_ id: String) throws -> SpawnFailure {
                try #require(throws: SpawnFailure.self) { try server.land(in: id, Self.socket) }
            }
            #expect(try refusal("one").step == "zygote" && refusal("one").code == .notFound)
            try server.start(try spawner.zygote("good"))
            #expect(try refusal("other").step == "zygote" && refusal("other").code == .notFound)
            #expect(try refusal("nobody").step == "sandboxID" && refusal("nobody").code == .notFound)
            try server.land(in: "one", Self.socket)
        }
    }

    @Test func `a sandbox that dies meanwhile fails cleanly, and the zygote goes on`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.start(try spawner.zygote("large"))
            for round in 0..<20 {
                try server.create(try spawner.warmRequest("s-\(round)"))
                let landing = try server.submit(.land(sandboxID: "s-\(round)", payload: Array(Self.socket.utf8)))
                let end = try server.submit(.destroy(sandboxID: "s-\(round)"))
                switch try server.answer(to: landing) {
                case .landed, .failed: break
                case let other: throw TestFailure("land was answered with \(other)")
                }
                #expect(try server.answer(to: end) == .done)
                #expect(try server.nextEnd() == ("s-\(round)", .destroyed))
            }
            try server.create(try spawner.warmRequest("last"))
            #expect(try server.land(in: "last", Self.socket) > 1)
        }
    }

    @Test(arguments: ["garbled", "flooding", "lying", "dying"])
    func `a zygote that misbehaves is ended, and whoever waits is told`(kind: String) throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(try spawner.warmRequest("one"))
            try server.start(try spawner.zygote(kind))
            for _ in 0..<2 {  // it may be gone before the first
                let failure = try #require(throws: SpawnFailure.self) { try server.land(in: "one", Self.socket) }
                #expect(failure.step == "zygote" && failure.code == .notFound)
            }
            #expect(try server.nextZygoteEnd() == CreateSandbox.example().family)
            try server.start(try spawner.zygote("good"))
            #expect(try server.land(in: "one", Self.socket) > 1)
        }
    }

    @Test func `a zygote that takes no orders is ended when its time is over`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(try spawner.warmRequest("one"))
            try server.start(try spawner.zygote("deaf"))
            let failure = try #require(throws: SpawnFailure.self) { try server.land(in: "one", Self.socket) }
            #expect(failure.step == "zygote" && failure.message.contains("overdue"))
            #expect(try server.nextZygoteEnd() == CreateSandbox.example().family)
        }
    }

    @Test func `one that ends before it is warm, and one that is not there, fail to start`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            let early = try #require(throws: SpawnFailure.self) { try server.start(try spawner.zygote("early")) }
            #expect(early.step == "zygote")
            let absent = try #require(throws: SpawnFailure.self) {
                try server.start(try spawner.zygote("good") { $0.arguments = ["/nothing"] })
            }
            #expect(absent.code == .kernel && absent.errorNumber == ENOENT)
        }
    }

    @Test func `a malicious zygote reaches nobody but those it was forked into`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            try server.create(try spawner.warmRequest("victim"))
            try server.create(try spawner.warmRequest("one"))
            _ = try spawner.ask("victim", "stay")
            try server.start(try spawner.zygote("attacking") { $0.noNewPrivileges = false })
            let failure = try #require(throws: SpawnFailure.self) { try server.land(in: "one", Self.socket) }
            #expect(failure.step == "zygote", "its privileges differ from the sandbox's")
            try server.create(try spawner.warmRequest("two") { $0.noNewPrivileges = false })
            try server.land(in: "two", Self.socket)
            let two = try #require(try server.list().first { $0.sandboxID == "two" })
            let outcome = try spawner.ask(landed: Self.socket, in: two, "cat /run/attack").split(separator: "\n")
            let attacked = try #require(outcome.first.flatMap { Int($0) })
            #expect(attacked >= 5, "the family's first process, three guests and what one of them started")
            #expect(outcome.dropFirst() == [])
            guard case .usage(let usage) = try server.perform(.usage(sandboxID: "victim")) else {
                throw TestFailure("no usage")
            }
            #expect(usage.processes == 2)
            #expect(try spawner.ask("victim", "cat /lower") == "here")
            #expect(try spawner.ask("one", "cat /lower") == "here")
        }
    }

    @Test func `a spawner that stops, or is killed, takes its zygotes with it`() throws {
        try SpawnerFixture.withSpawner { spawner in
            var server = try spawner.connect()
            try server.start(try spawner.zygote("good"))
            try server.create(try spawner.warmRequest("one"))
            try server.land(in: "one", Self.socket)
            spawner.killSpawner()
            try spawner.start()
            server = try spawner.connect()
            let one = try #require(try server.list().first)
            #expect(try spawner.ask(landed: Self.socket, in: one, "cat /lower") == "here")
            #expect(try SpawnerFixture.cgroups(of: spawner.instance).filter { $0.contains("/_zygote") }.isEmpty)
            let failure = try #require(throws: SpawnFailure.self) { try server.land(in: "one", "/run/b.sock") }
            #expect(failure.step == "zygote")
            try server.start(try spawner.zygote("silent") { $0.arguments = ["/probe", "zygote", "good"] })
            _ = try server.perform(.destroy(sandboxID: "one"))
            #expect(try server.nextEnd() == ("one", .destroyed))
            kill(spawner.pid, SIGTERM)
            #expect(spawner.waitForExit() == 0)
            #expect(try HostCount.cgroups(of: spawner.instance) == 0)
        }
    }

    @Test func `thirty zygotes and a hundred landings leave nothing behind`() throws {
        try SpawnerFixture.withSpawner { spawner in
            let server = try spawner.connect()
            func round(_ number: Int) throws {
                try server.start(try spawner.zygote("good"))
                try server.create(try spawner.warmRequest("s-\(number)"))
                for place in 0..<4 { try server.land(in: "s-\(number)", "/run/\(place).sock") }
                _ = try server.perform(.destroy(sandboxID: "s-\(number)"))
                _ = try server.nextEnd()
                _ = try server.perform(.endZygote(family: CreateSandbox.example().family))
                _ = try server.nextZygoteEnd()
            }
            for number in 0..<12 { try round(number) }  // until the pools have their size
            let before = try HostCount.settled(spawner)
            for number in 100..<130 { try round(number) }
            let after = try HostCount.settled(spawner)
            #expect(after.isNoMore(than: before), "\(after) after \(before)")
        }
    }
}
