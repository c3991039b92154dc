import NIOCore
import NIOHTTP1
import NIOPosix
import Orchestrator
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct PortProxyTests {
    private static let host = "8080-ilive.sbx.localhost"

    /// Lends a listener whose sandbox has on each port a server that reads a head, says `script` and closes.
    private func withUpstream(
        _ script: @escaping @Sendable (RawConnection) async throws -> Void,
        _ body: @escaping @Sendable (EdgeFixture) async throws -> Void
    ) async throws {
        let live = try LiveSandbox.example("ilive")
        try await withRawServer(script) { port in
            try await withEdge(
                sandboxes: [live],
                dial: { _, _, eventLoop, addHandlers in
                    try await ClientBootstrap(group: eventLoop).channelOption(.autoRead, value: false)
                        .channelOption(.allowRemoteHalfClosure, value: true)
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture { try addHandlers(channel) }
                        }
                        .connect(host: "127.0.0.1", port: port).get()
                }, body)
        }
    }

    private func get(_ path: String, _ edge: EdgeFixture, headers: String = "") async throws -> String {
        try await exchange(
            "GET \(path) HTTP/1.1\r\nHost: \(Self.host)\r\nConnection: close\r\n\(headers)\r\n", port: edge.port)
    }

    @Test func `the request goes in as it came, but for what is between hops`() async throws {
        try await withUpstream { client in
            let head = try await client.read(through: "\r\n\r\n")
            try await client.send("HTTP/1.1 200 OK\r\nContent-Length: \(head.utf8.count)\r\n\r\n" + head)
        } _: { edge in
            let answer = try await get(
                "/a%20b?x=%2F&y", edge, headers: "X-Own: 1\r\nConnection: x-hop\r\nX-Hop: 2\r\nTE: trailers\r\n")
            let head = answer.suffixAfterHead
            #expect(head.hasPrefix("GET /a%20b?x=%2F&y HTTP/1.1\r\n"))
            #expect(head.contains("Host: \(Self.host)\r\n"))
            #expect(head.contains("X-Own: 1\r\n"))
            #expect(head.contains("x-forwarded-for: 127.0.0.1\r\n"))
            #expect(head.contains("x-forwarded-proto: http\r\n"))
            #expect(head.contains("x-forwarded-host: \(Self.host)\r\n"))
            #expect(!head.contains("X-Hop") && !head.contains("TE:"))
        }
    }

    @Test func `a body goes in, chunked or not, and comes out`() async throws {
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            let body = try await client.read(through: "end")
            try await client.send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
            #expect(body.contains("the end"))
        } _: { edge in
            for framing in [
                "Content-Length: 7\r\n\r\nthe end", "Transfer-Encoding: chunked\r\n\r\n7\r\nthe end\r\n0\r\n\r\n",
            ] {
                let answer = try await exchange(
                    "POST / HTTP/1.1\r\nHost: \(Self.host)\r\nConnection: close\r\n" + framing, port: edge.port)
                #expect(answer.hasPrefix("HTTP/1.1 201 Created"))
                #expect(answer.suffixAfterHead == "2\r\nok\r\n0\r\n\r\n")
            }
        }
    }

    @Test func `an event is passed on before the next is made`() async throws {
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            try await client.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            // The second is made only when the client, having seen the first, hangs up or asks on; here it hangs up.
            _ = try? await client.read(through: "never")
        } _: { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: \(Self.host)\r\n\r\n")
                #expect(try await client.read(through: "data: 1\n\n").contains("text/event-stream"))
            }
        }
    }

    @Test func `after an upgrade both sides speak as they like`() async throws {
        try await withUpstream { client in
            let head = try await client.read(through: "\r\n\r\n")
            #expect(head.contains("upgrade: websocket\r\n"))
            #expect(head.contains("connection: upgrade\r\n"))
            try await client.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: x\r\n\r\nearly ")
            for _ in 0..<3 {
                let said = try await client.read(through: ".")
                try await client.send("you said " + said)
            }
        } _: { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send(
                    "GET /ws HTTP/1.1\r\nHost: \(Self.host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: x\r\n\r\n")
                let head = try await client.read(through: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 101"))
                #expect(head.contains("Sec-WebSocket-Accept: x\r\n"))
                #expect(try await client.read(through: "early ") == "early ")
                for word in ["one.", "two.", "three."] {
                    try await client.send(word)
                    #expect(try await client.read(through: ".") == "you said " + word)
                }
                #expect(try await client.readToEnd() == "")
            }
        }
    }

    @Test func `an upgrade that is refused is an answer`() async throws {
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            try await client.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
        } _: { edge in
            let answer = try await exchange(
                "GET /ws HTTP/1.1\r\nHost: \(Self.host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                port: edge.port)
            #expect(answer.hasPrefix("HTTP/1.1 426"))
            #expect(answer.suffixAfterHead == "no")
        }
    }

    static let hostile: [(String, String)] = [
        ("nothing", ""), ("garbage", "\u{0}\u{1}\u{2}garbage\r\n\r\n"), ("another protocol", "SSH-2.0-OpenSSH_9\r\n"),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Le"),
        ("length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"),
        ("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"),
        ("a status that is none", "HTTP/1.1 99 Odd\r\n\r\n"), ("a huge status", "HTTP/1.1 20000 OK\r\n\r\n"),
        ("CR in a value", "HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n"),
        ("NUL in a value", "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n"),
        ("a header as big as a book", "HTTP/1.1 200 OK\r\nX-A: " + String(repeating: "a", count: 200_000) + "\r\n\r\n"),
        ("a thousand headers", "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: b\r\n", count: 1000) + "\r\n"),
        (
            "an upgrade nobody asked for",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
        ),
    ]

    @Test(arguments: hostile) func `a server that does not speak HTTP is answered for with 502`(
        what: String, said: String
    ) async throws {
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            // The edge may hang up in the middle.
            try? await client.send(said)
        } _: { edge in
            let answer = try await get("/", edge)
            #expect(answer.hasPrefix("HTTP/1.1 502"), "\(what)")
            #expect(answer.contains("\"sandboxId\":\"ilive\""))
        }
    }

    @Test(arguments: ["Content-Length: 100\r\n\r\nonly this", "Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n"])
    func `a body that breaks off is not passed on as whole`(said: String) async throws {
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            try await client.send("HTTP/1.1 200 OK\r\n" + said)
        } _: { edge in
            let answer = try await get("/", edge)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
            #expect(!answer.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a client that leaves takes its connection in the sandbox along`() async throws {
        let closed = Signal()
        try await withUpstream { client in
            _ = try await client.read(through: "\r\n\r\n")
            try await client.send("HTTP/1.1 200 OK\r\n\r\nbegun")
            _ = try? await client.read(through: "never")
            closed.raise()
        } _: { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: \(Self.host)\r\n\r\n")
                _ = try await client.read(through: "begun")
            }
            await closed.wait()
        }
    }

    @Test func `HTTP/2 clients reach HTTP/1.1 servers`() async throws {
        try await withUpstream { client in
            let head = try await client.read(through: "\r\n\r\n")
            #expect(head.hasPrefix("POST /h2 HTTP/1.1\r\n"))
            #expect(head.contains("host: \(Self.host)\r\n"))
            // To its last byte: a server that closes before it has read all resets the connection.
            _ = try await client.read(through: "the end\r\n0\r\n\r\n")
            try await client.send("HTTP/1.1 200 OK\r\nConnection: close\r\nKeep-Alive: x\r\n\r\nfrom inside")
        } _: { edge in
            try await HTTP2Client.connected(to: edge, isSecure: true) { client in
                let answer = try await client.exchange(
                    .POST, "/h2", authority: Self.host, body: ByteBuffer(string: "the end"))
                #expect(answer.status == .ok)
                #expect(String(buffer: answer.body) == "from inside")
            }
        }
    }
}
