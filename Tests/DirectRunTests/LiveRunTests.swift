import Glibc
import Testing

/// `nestbox run` on the kernel at hand: what it promises, once as root and once as an ordinary user.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root: becomes two users"))
struct LiveRunTests {
    @Test(arguments: [false, true])
    func `the exit code is the command's, or says how it ended`(asNobody: Bool) throws {
        let table: [([String], Int32)] = [
            (["--", "true"], 0), (["--", "sh", "-c", "exit 7"], 7), (["--", "nosuch"], 127),
            (["--", "/etc/passwd"], 126), (["--", "sh", "-c", "kill -TERM $$"], 143),
            (["--", "sh", "-c", "kill -9 $$"], 137), (["--memory", "x", "--", "true"], 125), ([], 125),
            (["--workdir", "/nowhere", "--", "true"], 125),
        ]
        for (words, code) in table {
            #expect(try RunProgram.run(words, asNobody: asNobody).code == code, "\(words)")
        }
    }

    @Test(arguments: [false, true])
    func `streams pass through and the environment is clean`(asNobody: Bool) throws {
        let words = ["--env", "ASKED=for it", "--", "sh", "-c", "cat; env; echo told >&2"]
        let result = try RunProgram.run(words, asNobody: asNobody, input: "piped\n")
        #expect(result.output.hasPrefix("piped\n"))
        #expect(result.output.contains("ASKED=for it\n"))
        #expect(!result.output.contains("canary"))
        #expect(result.errors.hasSuffix("told\n"))
    }

    @Test(arguments: [false, true])
    func `when the time is up all is killed`(asNobody: Bool) throws {
        let words = ["--timeout", "200ms", "--", "sh", "-c", "trap '' TERM INT; sleep 60 & sleep 61"]
        let result = try RunProgram.run(words, asNobody: asNobody)
        #expect(result.code == 124)
        #expect(result.errors.contains("timed out"))
    }

    @Test func `a command out of memory ends with 137 and a sentence`() throws {
        let words = ["--memory", "32MiB", "--", "python3", "-c", "x = bytearray(200 << 20)"]
        let result = try RunProgram.run(words)
        #expect(result.code == 137)
        #expect(result.errors.contains("out of memory"))
    }

    @Test(arguments: [false, true])
    func `no more processes than allowed`(asNobody: Bool) throws {
        let loop = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo all"
        let result = try RunProgram.run(["--pids", "8", "--", "sh", "-c", loop], asNobody: asNobody)
        #expect(result.code != 0)
        #expect(!result.output.contains("all"))
    }

    @Test func `an ordinary user is told what is not enforced, and refused if it was asked for`() throws {
        let warned = try RunProgram.run(["--", "true"], asNobody: true)
        guard warned.errors.contains("warning") else { return }  // here the host delegates cgroups to everybody
        #expect(warned.code == 0)
        #expect(warned.errors.contains("memory is not limited") && warned.errors.contains("CPU is not limited"))
        let refused = try RunProgram.run(["--memory", "64MiB", "--", "true"], asNobody: true)
        #expect(refused.code == 125)
        #expect(refused.errors.contains("--memory"))
    }

    @Test(arguments: [false, true])
    func `the host is read-only, and most of it is not there`(asNobody: Bool) throws {
        let attacks = [
            "touch /usr/x", "touch /usr/bin/x", "touch /etc/alternatives/x", "cat /etc/shadow", "ls /var/lib",
            "ls /boot", "ls /sys", "cat /proc/1/environ", "cat /proc/1/mem", "mount -t tmpfs x /tmp", "unshare -U true",
            "chroot / true", "hostname x", "mknod /tmp/n c 1 3", "echo 1 > /proc/sys/vm/drop_caches",
            "echo x > /proc/sysrq-trigger", "kill -9 1 && sleep 1 && kill -0 1 && false",
        ]
        for attack in attacks {
            let result = try RunProgram.run(["--", "sh", "-c", attack], asNobody: asNobody)
            #expect(result.code != 0, "\(attack)")
        }
        let cmdline = try RunProgram.run(
            ["--env", "A=b", "--", "tr", "-d", "\\0", "/proc/1/cmdline"], asNobody: asNobody)
        #expect(!cmdline.output.contains("nestbox"))
    }

    @Test(arguments: [false, true])
    func `there is no network but loopback`(asNobody: Bool) throws {
        let script = """
            import socket
            server = socket.create_server(("127.0.0.1", 8000))
            socket.create_connection(server.getsockname()).close()
            try:
                socket.create_connection(("1.1.1.1", 80), timeout=5)
            except OSError as error:
                print(error.errno)
            """
        let result = try RunProgram.run(["--", "python3", "-c", script], asNobody: asNobody)
        #expect(result.output == "\(ENETUNREACH)\n")
        #expect(result.code == 0, "\(result.errors)")
    }

    @Test(arguments: [false, true])
    func `a lent directory can be read or written as asked, and gets no setuid files`(asNobody: Bool) throws {
        try withDirectory(owner: asNobody ? 65534 : 0) { path in
            let write = ["--write", path, "--", "sh", "-c"]
            let made = try RunProgram.run(write + ["cat \(path)/given && echo new > \(path)/made"], asNobody: asNobody)
            #expect(made.code == 0, "\(made.errors)")
            var status = stat()
            #expect(stat(path + "/made", &status) == 0)
            #expect(status.st_uid == (asNobody ? 65534 : 0))
            let setuid = try RunProgram.run(write + ["chmod u+s \(path)/made"], asNobody: asNobody)
            #expect(setuid.code != 0)
            let read = ["--read-only", path, "--", "sh", "-c"]
            let shown = try RunProgram.run(read + ["cat \(path)/given"], asNobody: asNobody)
            #expect(shown.output == "given\n")
            let changed = try RunProgram.run(read + ["echo x > \(path)/given"], asNobody: asNobody)
            #expect(changed.code != 0)
        }
    }

    @Test func `what the kernel counts by user is counted for each run of root's`() throws {
        let hoard = """
            import ctypes, os, sys
            libc = ctypes.CDLL(None)
            queues = 0
            while libc.mq_open(b"/%d" % queues, os.O_RDWR | os.O_CREAT, 0o600, None) >= 0:
                queues += 1
            print("full", flush=True)
            sys.stdin.read()
            """
        let both = """
            import subprocess, sys
            run = [sys.argv[1], "run", "--", "python3", "-c"]
            full = subprocess.Popen(run + [sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert full.stdout.readline() == b"full\\n"
            need = "import ctypes, os; l = ctypes.CDLL(None);"
            need += "print(l.mq_open(b'/one', os.O_RDWR | os.O_CREAT, 0o600, None) >= 0)"
            print(subprocess.run(run + [need], capture_output=True, text=True).stdout, end="")
            full.communicate()
            """
        let result = try RunProgram.start(["python3", "-c", both, RunProgram.path, hoard], input: "")
        #expect(result.output == "True\n", "\(result.errors)")
    }

    @Test func `nothing of a run is left`() throws {
        _ = try RunProgram.run(["--", "sh", "-c", "sleep 60 & exit 0"])
        _ = try RunProgram.run(["--", "nosuch"])
        _ = try RunProgram.run(["--timeout", "50ms", "--", "sleep", "60"])
        // A run that is killed leaves an empty cgroup; the next one takes it away.
        try RunProgram.startAndKill()
        _ = try RunProgram.run(["--", "true"])
        let left = try RunProgram.leftovers()
        #expect(left.isEmpty, "\(left)")
    }

    private func withDirectory(owner: uid_t, _ body: (String) throws -> Void) throws {
        var template = Array("/tmp/nestbox-run-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["given", "made"] { unlink(path + "/" + name) }
            rmdir(path)
        }
        let file = try #require(fopen(path + "/given", "w"))
        fputs("given\n", file)
        fclose(file)
        chown(path, owner, owner)
        chown(path + "/given", owner, owner)
        try body(path)
    }
}
