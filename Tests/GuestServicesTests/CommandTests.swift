import CLinux
import Glibc
import GuestProtocol
import Testing
import WireCoding

@Suite struct CommandTests {
    @Test func `a command's output, error output and exit code come back apart`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("echo out; echo err >&2; exit 3")
            #expect(finished.text == "out\n")
            #expect(finished.standardError == Array("err\n".utf8))
            #expect(finished.exit == ProcessExit(code: 3))
        }
    }

    @Test func `ten megabytes arrive to the last byte before the exit`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("head -c 10485760 /dev/zero | tr '\\0' x; printf end")
            #expect(finished.standardOutput.count == 10_485_763)
            #expect(finished.standardOutput.suffix(3) == Array("end".utf8)[...])
            #expect(finished.exit.code == 0)
        }
    }

    @Test func `a signal that ends a command is told as such`() throws {
        try withGuest { (guest) throws in
            #expect(try guest.run("kill -TERM $$").exit == ProcessExit(code: 0, signal: 15))
        }
    }

    @Test func `a command has the environment of its user, then what was asked, then what is reserved`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("/usr/bin/env -u PWD -u SHLVL -u _ env") {
                $0.environment = [
                    WirePair(name: "A", value: "1"), WirePair(name: "E2B_SANDBOX", value: "false"),
                    WirePair(name: "A", value: "2"),
                ]
            }
            var lines = Set(finished.text.split(separator: "\n").map(String.init))
            lines = lines.filter { !$0.hasPrefix("HOME=") && !$0.hasPrefix("SHELL=") && !$0.hasPrefix("OLDPWD=") }
            #expect(
                lines == [
                    "PATH=\(ProcessEnvironmentText.path)", "USER=\(LiveGuest.user)", "LOGNAME=\(LiveGuest.user)", "A=2",
                    "E2B_SANDBOX=true",
                ])
        }
    }

    @Test func `a command holds no descriptor but its three`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("") {
                $0.command = "ls"
                $0.arguments = ["/proc/self/fd"]
            }
            // The fourth is the directory that ls has open.
            #expect(finished.text == "0\n1\n2\n3\n")
        }
    }

    @Test func `a command starts with no signal blocked or ignored, and before PID 1 for the OOM killer`() throws {
        try withGuest { (guest) throws in
            let signals = "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t\\n'"
            let script = "\(signals); cat /proc/self/oom_score_adj; umask"
            // Of what hides itself, as PID 1 does, the files in /proc are root's; in a sandbox it is root.
            let score = geteuid() == 0 ? 500 : 0
            let expected = "SigBlk:0000000000000000SigIgn:0000000000000000\(score)\n0022\n"
            let text = try guest.run(script).text
            #expect(text == expected)
        }
    }

    @Test func `a directory that is missing is told by the words of E2B`() throws {
        try withGuest { (guest) throws in
            let reply = try guest.ask(
                .startProcess(StartProcess(command: "/bin/true", arguments: [], workingDirectory: "/no/such")))
            #expect(
                reply
                    == .failure(
                        GuestFailure(.invalidArgument, "cwd '/no/such' does not exist", errorNumber: ENOENT)))
        }
    }

    @Test(arguments: [
        ("no-such-command", GuestFailure.Code.notFound), ("/no/such/command", .notFound),
        ("/etc/passwd", .permissionDenied), ("/etc", .permissionDenied),
        ("", .invalidArgument), ("a\0b", .invalidArgument),
    ]) func `a command that cannot be executed fails before it is started`(
        command: String, code: GuestFailure.Code
    ) throws {
        try withGuest { (guest) throws in
            guard case .failure(let failure) = try guest.ask(
                .startProcess(StartProcess(command: command, arguments: [])))
            else { throw LiveGuestError.unexpectedReply }
            #expect(failure.code == code)
        }
    }

    @Test func `an unknown user is refused by name`() throws {
        try withGuest { (guest) throws in
            let request = StartProcess(command: "/bin/true", arguments: [], user: "nobody-here")
            #expect(
                try guest.ask(.startProcess(request))
                    == .failure(GuestFailure(.unknownUser, "invalid username: 'nobody-here'")))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `a command of another user has that user's ids and groups and nothing else`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("id -u; id -g; id -G; grep CapEff /proc/self/status") {
                $0.user = "nobody"
                $0.workingDirectory = "/"
            }
            #expect(finished.text == "65534\n65534\n65534\nCapEff:\t0000000000000000\n")
        }
    }

    @Test func `what is written to a command's input reaches it, and closing it ends it`() throws {
        try withGuest { (guest) throws in
            let (call, pid) = try guest.start("cat; echo done") { $0.input = .pipe }
            let input = ProcessInput(channel: .pipe, bytes: Array("hello\n".utf8))
            #expect(try guest.ask(.sendInput(.pid(pid), input)) == .ok)
            #expect(try guest.ask(.closeInput(.pid(pid))) == .ok)
            #expect(try call.finish().text == "hello\ndone\n")
        }
    }

    @Test func `a stream of input is taken in order and acknowledged at its end`() throws {
        try withGuest { (guest) throws in
            let (call, pid) = try guest.start("cat | wc -c") { $0.input = .pipe }
            let stream = try guest.open(.streamInput(.pid(pid)))
            #expect(try stream.next() == .ok)
            var frames: [UInt8] = []
            for _ in 0..<20_000 {
                frames += GuestFollowUp.input(ProcessInput(channel: .pipe, bytes: [120])).frame.bytes
            }
            try stream.send(raw: frames + GuestFollowUp.end.frame.bytes)
            #expect(try stream.next() == .ok)
            #expect(try guest.ask(.closeInput(.pid(pid))) == .ok)
            #expect(try call.finish().text == "20000\n")
        }
    }

    @Test func `a command that does not read its input keeps nobody else waiting`() throws {
        try withGuest { (guest) throws in
            let (_, pid) = try guest.start("exec sleep 60") { $0.input = .pipe }
            let full = ProcessInput(channel: .pipe, bytes: [UInt8](repeating: 1, count: 1_000_000))
            let waiting = try guest.open(.sendInput(.pid(pid), full))
            guard case .failure(let failure) = try guest.ask(.sendInput(.pid(pid), full)) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(failure.code == .resourceExhausted)
            #expect(try guest.run("echo here").text == "here\n")
            #expect(try guest.ask(.signal(.pid(pid), 9)) == .ok)
            guard case .failure(let ended) = try waiting.next() else { throw LiveGuestError.unexpectedReply }
            // Whichever is seen first: its pipe without a reader, or its exit.
            #expect([.notFound, .other].contains(ended.code))
        }
    }

    @Test func `input for another channel than the command has is refused`() throws {
        try withGuest { (guest) throws in
            let (_, none) = try guest.start("exec sleep 60")
            let (_, pipe) = try guest.start("exec sleep 60") { $0.input = .pipe }
            let (_, terminal) = try guest.start("exec sleep 60") {
                $0.terminal = TerminalSize(columns: 80, rows: 24)
            }
            let requests: [GuestRequest] = [
                .sendInput(.pid(none), ProcessInput(channel: .pipe, bytes: [1])), .closeInput(.pid(none)),
                .sendInput(.pid(pipe), ProcessInput(channel: .terminal, bytes: [1])),
                .sendInput(.pid(terminal), ProcessInput(channel: .pipe, bytes: [1])), .closeInput(.pid(terminal)),
                .resizeTerminal(.pid(pipe), TerminalSize(columns: 1, rows: 1)),
            ]
            for request in requests {
                guard case .failure(let failure) = try guest.ask(request) else {
                    throw LiveGuestError.unexpectedReply
                }
                #expect(failure.code == .wrongChannel)
            }
        }
    }

    @Test func `a terminal has the size that was asked for, also after a change`() throws {
        try withGuest { (guest) throws in
            let script = "stty size; read line; stty size; test -t 0 && test -t 1 && test -t 2 && echo terminal"
            let (call, pid) = try guest.start(script) { $0.terminal = TerminalSize(columns: 100, rows: 30) }
            var seen = FinishedCommand()
            while !seen.terminalText.contains("30 100") {
                guard case .output(let output) = try call.next() else { throw LiveGuestError.unexpectedReply }
                seen.take(output)
            }
            #expect(try guest.ask(.resizeTerminal(.pid(pid), TerminalSize(columns: 120, rows: 40))) == .ok)
            #expect(try guest.ask(.sendInput(.pid(pid), ProcessInput(channel: .terminal, bytes: [10]))) == .ok)
            let finished = try call.finish()
            #expect(finished.terminalText.contains("40 120"))
            #expect(finished.terminalText.contains("terminal"))
            #expect(finished.exit == ProcessExit(code: 0))
        }
    }

    @Test func `all that a terminal's program wrote comes before its exit`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("seq 1 20000; printf end") {
                $0.terminal = TerminalSize(columns: 80, rows: 24)
            }
            #expect(finished.terminalText.hasSuffix("20000\r\nend"))
            #expect(finished.terminalText.split(separator: "\r\n").count == 20_001)
        }
    }
}

enum ProcessEnvironmentText {
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
