import Glibc
import GuestProtocol
import Testing

@Suite struct DialTests {
    /// Echoes one connection to its end, then says `bye`.
    private static let echo = """
        import socket, sys
        s = socket.socket(socket.AF_INET%s); s.bind((sys.argv[1], 0)); s.listen()
        print(s.getsockname()[1], flush=True)
        c = s.accept()[0]
        while d := c.recv(65536): c.sendall(d)
        c.sendall(b'bye')
        """

    private func startEcho(_ guest: LiveGuest, six: Bool) throws -> (GuestCall, UInt16) {
        _ = try guest.write("echo.py", six ? Self.echo.replacingPercent(with: "6") : Self.echo.replacingPercent(with: ""))
        let (call, _) = try guest.start("exec python3 echo.py \(six ? "::1" : "127.0.0.1")")
        guard case .output(let line) = try call.next(),
            let port = UInt16(String(decoding: line.bytes.dropLast(), as: UTF8.self))
        else { throw LiveGuestError.unexpectedReply }
        return (call, port)
    }

    @Test(arguments: [false, true])
    func `bytes go both ways, those right behind the request too, and each side ends by itself`(six: Bool) throws {
        try withGuest { (guest) throws in
            let (server, port) = try startEcho(guest, six: six)
            let call = try GuestCall(guest.socketPath)
            try call.send(raw: GuestRequest.dial(port).frame.bytes + Array("early ".utf8))
            #expect(try call.next() == .ok)
            let large = [UInt8](repeating: 7, count: 100_000)
            try call.send(raw: large)
            shutdown(call.descriptor, Int32(SHUT_WR))
            var received: [UInt8] = []
            while case let bytes = try call.receive(), !bytes.isEmpty { received += bytes }
            #expect(received == Array("early ".utf8) + large + Array("bye".utf8))
            #expect(try server.finish().exit.code == 0)
        }
    }

    @Test func `a port on which nobody listens is refused`() throws {
        try withGuest { (guest) throws in
            guard case .failure(let failure) = try guest.ask(.dial(1)) else { throw LiveGuestError.unexpectedReply }
            #expect(failure.code == .connectionRefused)
        }
    }
}

extension String {
    fileprivate func replacingPercent(with text: String) -> String {
        split(separator: "%s", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: text)
    }
}
