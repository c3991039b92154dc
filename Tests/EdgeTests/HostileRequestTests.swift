import NIOCore
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct HostileRequestTests {
    /// What each is, and how it is put on the wire.
    static let malformed: [(String, String)] = [
        ("no Host", "GET / HTTP/1.1\r\n\r\n"),
        ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("a Host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        ("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("a Host with user info", "GET / HTTP/1.1\r\nHost: x@a\r\n\r\n"),
        ("length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("chunks and length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
        ("two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        ("the same length twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        ("a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc"),
        ("a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        ("a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na"),
        ("a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na"),
        ("an overflowing length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        ("chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"),
        ("a disguised chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("an unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n"),
        ("a folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
        ("a header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
        ("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n"),
        ("CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n"),
        ("a control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\u{1}c\r\n\r\n"),
        ("a broken escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("an escape that is no UTF-8", "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a target without a slash", "GET hello HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another version", "GET / HTTP/3.7\r\nHost: a\r\n\r\n"),
        ("no version", "GET /\r\nHost: a\r\n\r\n"),
        ("no HTTP", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n"),
        ("a method that is none", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("half a sandbox", "GET / HTTP/1.1\r\nHost: a\r\nE2b-Sandbox-Id: iabc\r\n\r\n"),
    ]

    @Test(arguments: malformed) func `what could be read in two ways is refused`(
        what: String, request: String
    ) async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send(request)
                let status = try await client.read(through: "\r\n").split(separator: " ")[1]
                #expect(["400", "501", "505"].contains(status), "\(what)")
                // Nothing of what follows is taken for a request, if the connection still takes it.
                try? await client.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                if what != "half a sandbox" { #expect(!(try await client.readToEnd()).contains("200 OK"), "\(what)") }
            }
        }
    }

    @Test(arguments: [
        "zz\r\nabc\r\n0\r\n\r\n", "-1\r\n\r\n", "3\r\nabcdef\r\n", "ffffffffffffffffff\r\n", "3\nabc\n0\n\n",
    ])
    func `a bad chunk ends the request and the connection`(body: String) async throws {
        try await withEdge { edge in
            let answer = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
                    + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", port: edge.port)
            #expect(answer.hasPrefix("HTTP/1.1 400") || answer.isEmpty)
            #expect(!answer.contains("200 OK"))
        }
    }

    @Test func `garbage after a good request does not spoil its answer`() async throws {
        try await withEdge { edge in
            let answer = try await exchange(
                "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n\u{0}\u{1}garbage\r\n\r\n", port: edge.port)
            #expect(answer.contains("hello"))
            #expect(answer.contains("HTTP/1.1 400"))
        }
    }

    @Test(arguments: [
        ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-A: " + String(repeating: "a", count: 70_000) + "\r\n\r\n", "431"),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X-A: b\r\n", count: 200) + "\r\n", "431"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n"
                + String(repeating: "A: " + String(repeating: "b", count: 9000) + "\r\n", count: 9) + "\r\n", "431"
        ),
    ])
    func `a head over a limit is refused`(request: String, status: String) async throws {
        try await withEdge { edge in
            let answer = try await exchange(request, port: edge.port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
        }
    }

    @Test func `a head that never ends is refused before it is kept`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("GET /")
                // The server may close while this is still being sent.
                for _ in 0..<64 { try? await client.send(ByteBuffer(repeating: 0x61, count: 64 << 10)) }
                let answer = try await client.readToEnd()
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"))
            }
        }
    }

    @Test(arguments: ["", "G", "GET / HTTP/1.1\r\nHost: a\r\n", "PRI * HT", "\u{16}\u{3}\u{1}"])
    func `a client that does not say what it wants is left`(beginning: String) async throws {
        var limits = EdgeLimits()
        limits.headTimeout = .milliseconds(50)
        limits.lingerTimeout = .milliseconds(50)
        try await withEdge(limits: limits) { edge in
            let answer = try await exchange(beginning, port: edge.port)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func `a connection between requests is left after a while`() async throws {
        var limits = EdgeLimits()
        limits.idleTimeout = .milliseconds(50)
        try await withEdge(limits: limits) { edge in
            let answer = try await exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", port: edge.port)
            #expect(answer.suffixAfterHead == "hello")
        }
    }

    @Test func `a body that does not come is not waited for without end`() async throws {
        var limits = EdgeLimits()
        limits.stallTimeout = .milliseconds(50)
        try await withEdge(limits: limits) { edge in
            let answer = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", port: edge.port)
            #expect(answer.isEmpty)
        }
    }

    @Test func `a response that is not read is not waited for without end`() async throws {
        var limits = EdgeLimits()
        limits.stallTimeout = .milliseconds(200)
        try await withEdge(limits: limits) { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                await edge.plane.cancellation()
            }
        }
    }

    @Test func `a connection has only so many requests`() async throws {
        var limits = EdgeLimits()
        limits.requestsPerConnection = 2
        try await withEdge(limits: limits) { edge in
            let request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
            let answer = try await exchange(request + request + request, port: edge.port)
            #expect(answer.components(separatedByText: "HTTP/1.1 200 OK").count == 3)
            #expect(answer.contains("connection: close"))
        }
    }

    @Test func `a connection over the limit is told so`() async throws {
        var limits = EdgeLimits()
        limits.connections = 1
        try await withEdge(limits: limits) { edge in
            try await RawClient.connected(to: edge.port) { first in
                try await first.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await first.read(through: "hello")
                let answer = try await exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", port: edge.port)
                #expect(answer.hasPrefix("HTTP/1.1 503"))
                try await first.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await first.read(through: "hello")
            }
        }
    }
}
