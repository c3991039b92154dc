import Glibc
import GuestProtocol
import Testing

@Suite struct ProcessGroupTests {
    /// A leader and a member of one group; each says who it is when the signal comes.
    private static let group = """
        import os, signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        os.setsid()
        member = os.fork()
        if member: print(os.getpid(), flush=True)
        signal.sigwait([signal.SIGUSR1])
        if member: os.waitpid(member, 0)
        os.write(1, b'leader\\n' if member else b'member\\n')
        """

    @Test func `a signal reaches everybody in a group, and no other`() throws {
        try withGuest { (guest) throws in
            _ = try guest.write("group.py", Self.group)
            let (bystander, _) = try guest.start("read line; echo untouched") {
                $0.input = .pipe
                $0.tag = "bystander"
            }
            let (group, _) = try guest.start("python3 group.py")
            guard case .output(let line) = try group.next(),
                let leader = UInt32(String(decoding: line.bytes.dropLast(), as: UTF8.self))
            else { throw LiveGuestError.unexpectedReply }
            #expect(try guest.ask(.signalGroup(leader, UInt8(SIGUSR1))) == .ok)
            #expect(try group.finish().text == "member\nleader\n")
            #expect(try guest.ask(.sendInput(.tag("bystander"), ProcessInput(channel: .pipe, bytes: [10]))) == .ok)
            #expect(try bystander.finish().text == "untouched\n")
        }
    }

    @Test func `a group of which nobody is there any more is no failure`() throws {
        try withGuest { (guest) throws in
            let finished = try guest.run("echo $$")
            let pid = try #require(UInt32(finished.text.dropLast()))
            #expect(try guest.ask(.signalGroup(pid, 9)) == .ok)
        }
    }

    @Test func `everybody, the first process and what is no signal are refused`() throws {
        let refused: [(UInt32, UInt8)] = [
            (0, 2), (1, 9), (.max, 9), (UInt32(Int32.max) + 1, 9), (2, 0), (2, 65),
        ]
        try withGuest { (guest) throws in
            for (pid, signal) in refused {
                guard case .failure(let failure) = try guest.ask(.signalGroup(pid, signal)) else {
                    throw LiveGuestError.unexpectedReply
                }
                #expect(failure.code == .invalidArgument)
            }
            #expect(try guest.ask(.ping) == .ok)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a pid namespace"))
    func `a process that came from outside is reaped when it ends`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let first = try #require(try descendants(of: guest.processID).first)
            // Enters the pid namespace as a landing kernel does: by a parent that leaves at once.
            let enter = ["/usr/bin/nsenter", "--target", "\(first)", "--pid", "--", "/bin/sh", "-c", "sleep 0.2 &"]
            #expect(try spawn(enter) == 0)
            try eventually { try descendants(of: first).count == 1 }
            try eventually { try descendants(of: first).isEmpty }
        }
    }

    /// - Returns: the status with which it ended.
    private func spawn(_ arguments: [String]) throws -> Int32 {
        var pid: pid_t = 0
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let result = posix_spawn(&pid, arguments[0], nil, nil, &pointers, environ)
        guard result == 0 else { throw LiveGuestError.failedToStart(result) }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}
