import CLinux
import Glibc
import GuestProtocol
import Testing

@testable import GuestServices

/// In a mount namespace with a `/run` of its own, which only root can make.
@Suite(.enabled(if: geteuid() == 0, "only root can make a /run of its own"))
struct SocketDialTests {
    private static let path = "/run/nestbox/kernels/k.sock"

    /// Binds beside `argv[1]`, listens, renames; echoes one connection to its end, then says `bye`.
    private static let echo = """
        import os, socket, sys
        path = sys.argv[1]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s = socket.socket(socket.AF_UNIX); s.bind(path + '.new'); s.listen(); os.rename(path + '.new', path)
        c = s.accept()[0]
        while d := c.recv(65536): c.sendall(d)
        c.sendall(b'bye')
        """

    private func dial(_ guest: LiveGuest, _ path: String = path, wait: UInt32 = 30_000) throws -> GuestCall {
        try guest.open(.dialSocket(DialSocket(path: path, waitMilliseconds: wait)))
    }

    private func refusal(_ guest: LiveGuest, _ path: String = path, wait: UInt32 = 0) throws -> GuestFailure.Code {
        guard case .failure(let failure) = try dial(guest, path, wait: wait).next() else {
            throw LiveGuestError.unexpectedReply
        }
        return failure.code
    }

    private func startEcho(_ guest: LiveGuest) throws -> GuestCall {
        _ = try guest.write("echo.py", Self.echo)
        return try guest.start("exec python3 echo.py \(Self.path)").0
    }

    /// Says something, and hears it and `bye` to the end.
    private func converse(_ call: GuestCall, _ early: String = "") throws {
        #expect(try call.next() == .ok)
        let large = [UInt8](repeating: 7, count: 300_000)
        try call.send(raw: large)
        shutdown(call.descriptor, Int32(SHUT_WR))
        var received: [UInt8] = []
        while case let bytes = try call.receive(), !bytes.isEmpty { received += bytes }
        #expect(received == Array(early.utf8) + large + Array("bye".utf8))
    }

    @Test func `bytes go both ways, those right behind the request too, and each side ends by itself`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let server = try startEcho(guest)
            let call = try GuestCall(guest.socketPath)
            let request = GuestRequest.dialSocket(DialSocket(path: Self.path, waitMilliseconds: 30_000))
            try call.send(raw: request.frame.bytes + Array("early ".utf8))
            try converse(call, "early ")
            #expect(try server.finish().exit.code == 0)
        }
    }

    @Test func `a dial waits for a name whose directories are not there yet`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let call = try dial(guest)
            // Answered after the dial before it has begun to wait.
            #expect(try guest.ask(.ping) == .ok)
            let server = try startEcho(guest)
            try converse(call)
            #expect(try server.finish().exit.code == 0)
        }
    }

    @Test func `a dial is not misled when the directory it watches is moved away`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            _ = try guest.run("mkdir -p /run/nestbox/kernels")
            let call = try dial(guest)
            #expect(try guest.ask(.ping) == .ok)
            _ = try guest.run("mv /run/nestbox /run/other")
            let server = try startEcho(guest)
            try converse(call)
            #expect(try server.finish().exit.code == 0)
        }
    }

    @Test func `a name that does not appear is not found when the time is over, and no wait is for ever`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            #expect(try refusal(guest) == .notFound)
            let begin = guest_monotonic_milliseconds()
            #expect(try refusal(guest, wait: 50) == .notFound)
            #expect(guest_monotonic_milliseconds() - begin >= 50)
            #expect(try refusal(guest, wait: DialSocket.waitLimit + 1) == .invalidArgument)
        }
    }

    @Test func `when nobody has waited for a while the kernel gets its inotify back, and a later dial has another`()
        throws
    {
        try withGuest(isFirst: true) { (guest) throws in
            func holdsOne() throws -> Bool { try guest.run("ls -l /proc/1/fd | grep -q inotify").exit.code == 0 }
            var waiting: GuestCall? = try dial(guest)
            #expect(try waiting != nil && guest.ask(.ping) == .ok)
            #expect(try holdsOne())
            #expect(try refusal(guest, "/run/nestbox/other", wait: UInt32(SocketWaits.rest) + 500) == .notFound)
            #expect(try holdsOne())
            waiting = nil  // its client goes away
            try eventually { try !holdsOne() }
            let call = try dial(guest)
            let server = try startEcho(guest)
            try converse(call)
            #expect(try server.finish().exit.code == 0)
        }
    }

    @Test func `a name that nobody listens behind is refused at once`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let bind = "import socket; socket.socket(socket.AF_UNIX).bind('/run/nestbox/s')"
            #expect(try guest.run("mkdir /run/nestbox; python3 -c \"\(bind)\"").exit.code == 0)
            #expect(try refusal(guest, "/run/nestbox/s", wait: 30_000) == .connectionRefused)
        }
    }

    @Test func `a refusal is heard also by who has said something already`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let call = try GuestCall(guest.socketPath)
            let request = GuestRequest.dialSocket(DialSocket(path: Self.path, waitMilliseconds: 50))
            try call.send(raw: request.frame.bytes + [UInt8](repeating: 7, count: 32 << 10))
            guard case .failure(let failure)? = try call.next() else { throw LiveGuestError.unexpectedReply }
            #expect(failure.code == .notFound)
        }
    }

    @Test func `a path that is not below the one directory, in its one form, is refused`() throws {
        let paths = [
            "/run/nestbox", "/run/nestbox/", "/run/nestbox/../s", "/run/nestbox/a/../../../tmp/s", "/run/nestbox/./s",
            "/run/nestbox//s", "/run/nestboxes/s", "run/nestbox/s", "/tmp/s", "", "/run/nestbox/a\0b",
            "/run/nestbox/1/2/3/4/5/6/7/8/9",
        ]
        try withGuest(isFirst: true) { (guest) throws in
            for path in paths { #expect(try refusal(guest, path, wait: 30_000) == .invalidArgument, "\(path)") }
        }
    }

    @Test func `no link leads anywhere: not at the end, not on the way, not even within`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let listen = """
                import os, socket
                os.makedirs('/run/nestbox/real')
                outside = socket.socket(socket.AF_UNIX); outside.bind('out.sock'); outside.listen()
                inside = socket.socket(socket.AF_UNIX); inside.bind('/run/nestbox/real/s'); inside.listen()
                os.symlink(os.getcwd() + '/out.sock', '/run/nestbox/end')
                os.symlink(os.getcwd(), '/run/nestbox/way')
                os.symlink('real', '/run/nestbox/within')
                print(flush=True)
                input()
                """
            _ = try guest.write("listen.py", listen)
            let (server, _) = try guest.start("exec python3 listen.py") { $0.input = .pipe }
            guard case .output = try server.next() else { throw LiveGuestError.unexpectedReply }
            for path in ["end", "way/out.sock", "within/s"] {
                #expect(try refusal(guest, "/run/nestbox/" + path, wait: 30_000) == .invalidArgument)
            }
            #expect(try dial(guest, "/run/nestbox/real/s").next() == .ok)
        }
    }

    @Test func `what is no stream socket is refused, without being opened`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let make = """
                import os, socket
                os.makedirs('/run/nestbox/d'); os.mkfifo('/run/nestbox/fifo'); open('/run/nestbox/file', 'w')
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind('/run/nestbox/datagram')
                """
            _ = try guest.write("make.py", make)
            #expect(try guest.run("python3 make.py").exit.code == 0)
            for name in ["d", "fifo", "file", "file/s"] {
                #expect(try refusal(guest, "/run/nestbox/" + name, wait: 30_000) == .invalidArgument)
            }
            // Its owner is gone, so the kernel refuses it before it looks at its type.
            #expect(try refusal(guest, "/run/nestbox/datagram") != .notFound)
        }
    }

    @Test func `only so many dials wait, and one whose client leaves gives its place back`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            var waiting: [GuestCall] = []
            for _ in 0..<64 { waiting.append(try dial(guest)) }
            #expect(try refusal(guest, wait: 30_000) == .resourceExhausted)
            waiting.removeLast()
            try eventually {
                let call = try dial(guest)
                var polled = pollfd(fd: call.descriptor, events: Int16(POLLIN), revents: 0)
                return poll(&polled, 1, 50) == 0
            }
        }
    }

    @Test func `waiting dials hear of one name all at once`() throws {
        try withGuest(isFirst: true) { (guest) throws in
            let calls = try (0..<16).map { _ in try dial(guest) }
            #expect(try guest.ask(.ping) == .ok)
            let listen = """
                import os, socket
                os.makedirs('/run/nestbox/kernels'); s = socket.socket(socket.AF_UNIX)
                s.bind('/run/nestbox/new'); s.listen(64); os.rename('/run/nestbox/new', '/run/nestbox/kernels/k.sock')
                for _ in range(16): s.accept()
                """
            _ = try guest.write("listen.py", listen)
            let (server, _) = try guest.start("exec python3 listen.py")
            for call in calls { #expect(try call.next() == .ok) }
            #expect(try server.finish().exit.code == 0)
        }
    }
}
