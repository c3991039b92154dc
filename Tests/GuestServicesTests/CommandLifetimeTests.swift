import CLinux
import Glibc
import GuestProtocol
import Testing

@Suite struct CommandLifetimeTests {
    /// A grandchild in a session of its own, double-forked; tells its pid in a file.
    private static let escape = "setsid sh -c 'echo $$ > grandchild; exec sleep 1000' & wait $!; sleep 1000"

    private func grandchild(_ guest: LiveGuest) throws -> pid_t {
        var pid: pid_t = 0
        try eventually {
            let reply = try guest.ask(.stat(guest.path("grandchild")))
            guard case .entry(let entry) = reply, entry.size > 1 else { return false }
            pid = pid_t(String(decoding: try guest.read(guest.path("grandchild")).dropLast(), as: UTF8.self)) ?? 0
            return pid > 0
        }
        return pid
    }

    private func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

    @Test func `when the time is up the whole tree is gone before the exit is told`() throws {
        try withGuest { (guest) throws in
            let (call, _) = try guest.start("(\(Self.escape)) & sleep 1000") { $0.timeoutMilliseconds = 400 }
            let pid = try grandchild(guest)
            #expect(isAlive(pid))
            let exit = try call.finish().exit
            #expect(exit == ProcessExit(code: 0, signal: 9, timedOut: true))
            #expect(!isAlive(pid))
        }
    }

    @Test func `SIGKILL ends the whole tree, also what left the session`() throws {
        try withGuest { (guest) throws in
            let (call, pid) = try guest.start("(\(Self.escape)) & trap '' TERM; sleep 1000")
            let grandchild = try grandchild(guest)
            #expect(try guest.ask(.signal(.pid(pid), 15)) == .ok)
            #expect(try guest.ask(.signal(.pid(pid), 9)) == .ok)
            #expect(try call.finish().exit == ProcessExit(code: 0, signal: 9))
            #expect(!isAlive(grandchild))
        }
    }

    @Test func `a tree whose processes never stay the same is ended too`() throws {
        try withGuest { guest in
            // Eight at a time, each of which forks and dies at once, so that whoever was seen is gone when signalled.
            let script = """
                import os, time
                end = time.monotonic() + 20
                for _ in range(8):
                    if os.fork() == 0:
                        while time.monotonic() < end:
                            if os.fork(): os._exit(0)
                        os._exit(0)
                open('hopping', 'w').close()
                time.sleep(60)
                """
            let (call, pid) = try guest.start("") {
                $0.command = "python3"
                $0.arguments = ["-c", script]
            }
            try eventually { if case .entry = try guest.ask(.stat(guest.path("hopping"))) { true } else { false } }
            #expect(try guest.ask(.signal(.pid(pid), 9)) == .ok)
            #expect(try call.finish().exit.signal == 9)
            try eventually { try descendants(of: guest.processID).isEmpty }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a pid namespace"))
    func `a tree that leaves its session with every step is ended as well, and the others go on`() throws {
        try withGuest(isFirst: true) { guest in
            let (bystander, _) = try guest.start("read line; echo still here") {
                $0.input = .pipe
                $0.tag = "bystander"
            }
            let script = """
                import os, time
                end = time.monotonic() + 20
                for _ in range(4):
                    if os.fork() == 0:
                        while time.monotonic() < end:
                            if os.fork(): os._exit(0)
                            os.setsid()
                        os._exit(0)
                open('hopping', 'w').close()
                time.sleep(60)
                """
            let (call, pid) = try guest.start("") {
                $0.command = "python3"
                $0.arguments = ["-c", script]
            }
            try eventually { if case .entry = try guest.ask(.stat(guest.path("hopping"))) { true } else { false } }
            #expect(try guest.ask(.signal(.pid(pid), 9)) == .ok)
            #expect(try call.finish().exit.signal == 9)
            let finished = try guest.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[h]opping'")
            #expect(finished.text == "0\n")
            #expect(try guest.ask(.sendInput(.tag("bystander"), ProcessInput(channel: .pipe, bytes: [10]))) == .ok)
            #expect(try bystander.finish().text == "still here\n")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a pid namespace"))
    func `the first process of a sandbox cannot be killed, stopped or looked into from inside`() throws {
        try withGuest(isFirst: true) { guest in
            let finished = try guest.run(
                "kill -KILL 1; kill -STOP 1; kill -TERM 1; cat /proc/1/environ >/dev/null 2>&1 && echo seen; echo $PPID")
            #expect(finished.exit == ProcessExit(code: 0))
            #expect(try guest.ask(.ping) == .ok)
        }
    }

    @Test func `a background child outlives its command, and its output hurts nobody`() throws {
        try withGuest { (guest) throws in
            let child = "trap 'touch survived; exit' USR1; touch ready; while :; do echo noise; sleep 0.01; done"
            let finished = try guest.run("(\(child)) & echo $!")
            #expect(finished.exit == ProcessExit(code: 0))
            let pid = try #require(pid_t(finished.text.split(separator: "\n").first.map(String.init) ?? ""))
            try eventually { if case .entry = try guest.ask(.stat(guest.path("ready"))) { true } else { false } }
            kill(pid, SIGUSR1)
            try eventually { if case .entry = try guest.ask(.stat(guest.path("survived"))) { true } else { false } }
            // PID 1 waits for it, so its pid is free again.
            try eventually { !isAlive(pid) }
        }
    }

    @Test func `a command goes on when its client leaves, and another client sees what comes then`() throws {
        try withGuest { (guest) throws in
            var first: GuestCall? = try guest.start("read line; echo $line; read line; echo $line") {
                $0.input = .pipe
                $0.tag = "talk"
            }.0
            first = nil
            #expect(first == nil)
            let second = try guest.open(.attachProcess(.tag("talk")))
            guard case .started(let pid) = try second.next() else { throw LiveGuestError.unexpectedReply }
            let input = ProcessInput(channel: .pipe, bytes: Array("one\ntwo\n".utf8))
            #expect(try guest.ask(.sendInput(.tag("talk"), input)) == .ok)
            let finished = try second.finish()
            #expect(finished.text == "one\ntwo\n")
            #expect(try guest.open(.attachProcess(.pid(pid))).next() == .started(pid))
        }
    }

    @Test func `who attaches after a gap learns how much was written meanwhile`() throws {
        try withGuest { (guest) throws in
            var first: GuestCall? = try guest.start("read a; head -c 5000 /dev/zero; touch written; read b; printf rest") {
                $0.input = .pipe
                $0.tag = "gap"
            }.0
            first = nil
            #expect(first == nil)
            let line = ProcessInput(channel: .pipe, bytes: [10])
            #expect(try guest.ask(.sendInput(.tag("gap"), line)) == .ok)
            try eventually { if case .entry = try guest.ask(.stat(guest.path("written"))) { true } else { false } }
            let second = try guest.open(.attachProcess(.tag("gap")))
            guard case .started = try second.next() else { throw LiveGuestError.unexpectedReply }
            #expect(try guest.ask(.sendInput(.tag("gap"), line)) == .ok)
            let finished = try second.finish()
            #expect(finished.missed == 5000)
            #expect(finished.text == "rest")
        }
    }

    @Test func `an exit is remembered for who attaches just too late`() throws {
        try withGuest { (guest) throws in
            let (call, pid) = try guest.start("exit 7") { $0.tag = "late" }
            #expect(try call.finish().exit.code == 7)
            let late = try guest.open(.attachProcess(.tag("late")))
            #expect(try late.next() == .started(pid))
            #expect(try late.next() == .exited(ProcessExit(code: 7)))
            #expect(try late.next() == nil)
        }
    }

    @Test func `unknown processes are refused by name`() throws {
        try withGuest { (guest) throws in
            #expect(
                try guest.ask(.attachProcess(.pid(4_000_000)))
                    == .failure(GuestFailure(.notFound, "process with pid 4000000 not found")))
            #expect(
                try guest.ask(.signal(.tag("x"), 9))
                    == .failure(GuestFailure(.notFound, "process with tag 'x' not found")))
        }
    }

    @Test(arguments: [UInt8(0), 65, 255]) func `a number that is no signal is refused`(number: UInt8) throws {
        try withGuest { (guest) throws in
            let (_, pid) = try guest.start("exec sleep 60")
            guard case .failure(let failure) = try guest.ask(.signal(.pid(pid), number)) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(failure.code == .invalidArgument)
        }
    }

    @Test func `a client that does not read stops the command, not the guest, and loses nothing`() throws {
        try withGuest { (guest) throws in
            let (slow, _) = try guest.start("head -c 20000000 /dev/zero; touch finished")
            #expect(try guest.run("echo quick").text == "quick\n")
            // The pipe, the log and both socket buffers hold far less than what is to be written.
            #expect(try guest.ask(.stat(guest.path("finished"))).isFailure)
            let finished = try slow.finish()
            #expect(finished.standardOutput.count == 20_000_000)
            #expect(finished.exit == ProcessExit(code: 0))
        }
    }

    @Test func `running commands are listed with what they were started with`() throws {
        try withGuest { (guest) throws in
            let (_, pid) = try guest.start("exec sleep 60") {
                $0.tag = "listed"
                $0.environment = [.init(name: "A", value: "1")]
            }
            _ = try guest.run("true")
            let call = try guest.open(.listProcesses)
            let description = ProcessDescription(
                pid: pid, tag: "listed", command: "/bin/sh", arguments: ["-c", "exec sleep 60"],
                environment: [.init(name: "A", value: "1")], workingDirectory: guest.directory)
            #expect(try call.next() == .process(description))
            #expect(try call.next() == .end)
        }
    }

    @Test func `nothing is left of three hundred commands but the guest`() throws {
        try withGuest { (guest) throws in
            let before = try descriptorCount(guest.processID)
            for _ in 0..<300 { #expect(try guest.run("exit 0").exit.code == 0) }
            try eventually { try descendants(of: guest.processID).isEmpty }
            try eventually { try descriptorCount(guest.processID) <= before }
        }
    }
}

extension GuestReply {
    var isFailure: Bool { if case .failure = self { true } else { false } }
}

/// Open descriptors of a process of the test's own.
func descriptorCount(_ pid: pid_t) throws -> Int {
    guard let directory = opendir("/proc/\(pid)/fd") else { throw LiveGuestError.failedToStart(errno) }
    defer { closedir(directory) }
    var type: UInt8 = 0
    var count = 0
    while guest_next_name(directory, &type) != nil { count += 1 }
    return count
}

/// The children of a process and theirs, as the kernel lists them.
func descendants(of pid: pid_t) throws -> [pid_t] {
    let file = open("/proc/\(pid)/task/\(pid)/children", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(file, &buffer, buffer.count)
    let children = String(decoding: buffer[..<max(0, count)], as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    return try children + children.flatMap { try descendants(of: $0) }
}
