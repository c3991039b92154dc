import NIOCore
import Orchestrator
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct RoutingTests {
    @Test(arguments: [
        ("Host: 49983-ilive.sbx.localhost\r\n", "200", "envd of ilive /x"),
        ("Host: 127.0.0.1\r\nE2b-Sandbox-Id: ilive\r\nE2b-Sandbox-Port: 49983\r\n", "200", "envd of ilive /x"),
        (
            "Host: 49983-igone.sbx.localhost\r\n", "502",
            #"{"sandboxId":"igone","message":"The sandbox was not found","code":502}"#
        ),
        (
            "Host: 49999-ilive.sbx.localhost\r\n", "502",
            #"{"sandboxId":"ilive","message":"The sandbox is running but port is not open","port":49999,"code":502}"#
        ),
        (
            "Host: 81-ilive.sbx.localhost\r\n", "502",
            #"{"sandboxId":"ilive","message":"The sandbox is running but port is not open","port":81,"code":502}"#
        ),
        ("Host: 49999-icode.sbx.localhost\r\n", "200", "interpreter of icode /x"),
        ("Host: api.sbx.localhost\r\n", "404", "nothing here"),
    ])
    func `each request finds whose it is`(headers: String, status: String, body: String) async throws {
        try await withEdge(sandboxes: [.example("ilive"), .example("icode", template: "code")]) { edge in
            let answer = try await exchange("GET /x HTTP/1.1\r\n\(headers)Connection: close\r\n\r\n", port: edge.port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
            #expect(answer.suffixAfterHead == body)
        }
    }

    @Test func `a signed file finds its sandbox by the signature`() async throws {
        try await withEdge(sandboxes: [.example("ilive")]) { edge in
            let request = "HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            let good = try await exchange("GET /files?path=a&signature=v1_good " + request, port: edge.port)
            #expect(good.suffixAfterHead == "envd of ilive /files")
            let bad = try await exchange("GET /files?path=a&signature=v1_bad " + request, port: edge.port)
            #expect(bad.hasPrefix("HTTP/1.1 401"))
        }
    }

    @Test func `CONNECT to the server's names leads back to it, and nowhere else`() async throws {
        try await withEdge(sandboxes: [.example("ilive")]) { edge in
            try await RawClient.connected(to: edge.port) { client in
                // What follows the CONNECT in the same packet belongs to the tunnel.
                try await client.send(
                    "CONNECT 49983-ilive.sbx.localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n"
                        + "GET /y HTTP/1.1\r\nHost: 49983-ilive.sbx.localhost\r\n\r\n")
                #expect(try await client.read(through: "\r\n\r\n") == "HTTP/1.1 200 Connection Established\r\n\r\n")
                #expect(try await client.read(through: "envd of ilive /y").hasPrefix("HTTP/1.1 200 OK"))
                try await client.send("CONNECT api.sbx.localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 403"))
            }
            let refused = try await exchange(
                "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", port: edge.port)
            #expect(refused.hasPrefix("HTTP/1.1 403"))
            #expect(refused.contains("CONNECT is for 'sbx.localhost'"))
        }
    }
}
