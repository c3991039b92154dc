import NIOCore
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct HTTP1Tests {
    @Test func `a request is answered and its connection kept`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                for _ in 0..<3 {
                    try await client.send("GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    let head = try await client.read(through: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(head.contains("content-length: 5\r\n"))
                    #expect(try await client.read(through: "hello") == "hello")
                }
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withEdge { edge in
            let answer = try await exchange(
                "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                port: edge.port)
            let bodies = answer.components(separatedByText: "HTTP/1.1 200 OK\r\n").map { $0.suffixAfterHead }
            #expect(bodies == ["", "hello", "abc", "5\r\npart \r\n5\r\npart \r\n5\r\npart \r\n0\r\n\r\n"])
        }
    }

    @Test func `chunks and lengths carry the same body`() async throws {
        try await withEdge { edge in
            let chunked = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", port: edge.port)
            #expect(chunked.suffixAfterHead == "abcde")
        }
    }

    @Test func `HEAD has the headers of GET and no body`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                for path in ["hello", "stream"] {
                    try await client.send("HEAD /\(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                }
                try await client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `204 has neither a body nor framing`() async throws {
        try await withEdge { edge in
            let answer = try await exchange(
                "GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: edge.port)
            #expect(answer == "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        }
    }

    @Test func `an HTTP/1.0 client gets a body that ends with the connection`() async throws {
        try await withEdge { edge in
            let answer = try await exchange("GET /stream HTTP/1.0\r\n\r\n", port: edge.port)
            #expect(answer.suffixAfterHead == "part part part ")
            #expect(!answer.contains("chunked"))
        }
    }

    @Test func `a client that waits for 100 is told to go on only when the body is wanted`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try await client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await client.send("ok")
                #expect(try await client.read(through: "ok").hasPrefix("HTTP/1.1 200 OK"))
            }
            let refused = try await exchange(
                "POST /unread HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
                port: edge.port)
            #expect(refused.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `a response that comes before the whole request closes the connection`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
                let head = try await client.read(through: "\r\n\r\nno")
                #expect(head.contains("connection: close"))
                for _ in 0..<10 { try? await client.send(ByteBuffer(repeating: 0x61, count: 100_000)) }
                #expect(try await client.readToEnd() == "")
            }
        }
    }

    @Test func `a stream that ends short of its length is cut`() async throws {
        try await withEdge { edge in
            let answer = try await exchange("GET /short HTTP/1.1\r\nHost: a\r\n\r\n", port: edge.port)
            #expect(answer.contains("content-length: 1000"))
            #expect(answer.suffixAfterHead == "too little")
        }
    }

    @Test func `a big upload arrives whole`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 33554432\r\n\r\n")
                let part = ByteBuffer(repeating: 0x61, count: 1 << 20)
                for _ in 0..<32 { try await client.send(part) }
                #expect(try await client.read(through: "33554432").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `a client that does not read holds the handler, and one that leaves cancels it`() async throws {
        try await withEdge { edge in
            try await RawClient.connected(to: edge.port) { client in
                try await client.send("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await client.read(through: "begun ")
            }
            await edge.plane.cancellation()
            #expect(edge.plane.cancelled.withLock { $0 } == 1)
        }
    }

    @Test func `an absolute target names the host`() async throws {
        try await withEdge { edge in
            let answer = try await exchange(
                "GET http://api.sbx.localhost/headers?x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
                port: edge.port)
            #expect(answer.contains("host: api.sbx.localhost\n"))
        }
    }
}

extension String {
    func components(separatedByText mark: String) -> [String] {
        split(separator: mark, omittingEmptySubsequences: false).map(String.init)
    }

    /// What follows the first empty line.
    var suffixAfterHead: String {
        range(ofText: "\r\n\r\n").map { String(self[$0.upperBound...]) } ?? ""
    }
}
