import HTTPExchange
import NIOHTTP1
import SandboxModel
import Testing

@testable import Edge

@Suite struct RouteDecisionTests {
    private func decide(_ path: String, _ headers: HTTPHeaders) throws -> RouteDecision {
        RouteDecision.decide(target: try #require(RequestTarget(path)), headers: headers, domain: "sbx.localhost")
    }

    @Test(arguments: [
        ("8080-iabc.sbx.localhost", 8080), ("49983-iabc.sbx.localhost:8443", 49983), ("1-iabc.SBX.localhost.", 1),
        ("65535-iabc.sbx.localhost", 65535),
    ])
    func `a host below the domain names port and sandbox`(host: String, port: UInt16) throws {
        #expect(try decide("/", ["host": host]) == .sandbox(SandboxID("iabc"), port: port))
    }

    @Test(arguments: [
        "080-iabc", "0-iabc", "65536-iabc", "+1-iabc", "-1-iabc", "8080", "8080-", "-iabc", "iabc", "8080-i_c",
        "8080-iabc-x", "8080-iabc.deep", "99999999999999999999-iabc", "8o80-iabc",
        "8080-" + String(repeating: "a", count: 33),
    ])
    func `any other label below the domain is refused`(label: String) throws {
        guard case .refused = try decide("/", ["host": label + ".sbx.localhost"]) else {
            Issue.record("\(label) was let through")
            return
        }
    }

    @Test(arguments: [
        "127.0.0.1:3000", "[::1]:3000", "localhost", "api.sbx.localhost", "sbx.localhost", "sandbox.sbx.localhost",
        "some.other.name",
    ])
    func `by any other host the headers decide`(host: String) throws {
        let named: HTTPHeaders = ["host": host, "E2b-Sandbox-Id": "iabc", "E2b-Sandbox-Port": "49983"]
        #expect(try decide("/", named) == .sandbox(SandboxID("iabc"), port: 49983))
        #expect(try decide("/", ["host": host]) == .controlPlane)
    }

    @Test(arguments: [
        ["E2b-Sandbox-Id": "iabc"], ["E2b-Sandbox-Port": "80"], ["E2b-Sandbox-Id": "i-c", "E2b-Sandbox-Port": "80"],
        ["E2b-Sandbox-Id": "IABC", "E2b-Sandbox-Port": "80"], ["E2b-Sandbox-Id": "iabc", "E2b-Sandbox-Port": "080"],
        ["E2b-Sandbox-Id": "", "E2b-Sandbox-Port": "80"], ["E2b-Sandbox-Id": "iabc", "E2b-Sandbox-Port": "8 0"],
        ["E2b-Sandbox-Id": "iabc", "E2b-Sandbox-Port": "٨٠"],
    ])
    func `half a name, or a wrong one, is refused`(headers: [String: String]) throws {
        guard case .refused = try decide("/", HTTPHeaders(headers.map { ($0.key, $0.value) })) else {
            Issue.record("\(headers) were let through")
            return
        }
    }

    @Test func `the host's sandbox wins over the headers'`() throws {
        let headers: HTTPHeaders = [
            "host": "80-iabc.sbx.localhost", "E2b-Sandbox-Id": "iother", "E2b-Sandbox-Port": "49983",
        ]
        #expect(try decide("/", headers) == .sandbox(SandboxID("iabc"), port: 80))
    }

    @Test func `a repeated header is refused`() throws {
        let headers: HTTPHeaders = [
            "E2b-Sandbox-Id": "iabc", "e2b-sandbox-id": "iother", "E2b-Sandbox-Port": "80",
        ]
        guard case .refused = try decide("/", headers) else {
            Issue.record("two ids were let through")
            return
        }
    }

    @Test func `only a signed file that names no sandbox is looked for by its signature`() throws {
        #expect(try decide("/files?path=a&signature=v1_x", ["host": "127.0.0.1"]) == .signedFile)
        #expect(try decide("/files?path=a", ["host": "127.0.0.1"]) == .controlPlane)
        #expect(try decide("/other?signature=v1_x", ["host": "127.0.0.1"]) == .controlPlane)
        #expect(
            try decide("/files?signature=v1_x", ["host": "49983-iabc.sbx.localhost"])
                == .sandbox(SandboxID("iabc"), port: 49983))
    }

    @Test(arguments: [
        ("49983-iabc.sbx.localhost:443", true), ("sbx.localhost:1", true), ("api.SBX.localhost:8443", true),
        ("example.com:443", false), ("sbx.localhost.evil.com:443", false), ("evilsbx.localhost:443", false),
        ("127.0.0.1:22", false), ("[::1]:22", false), ("api.sbx.localhost", false), ("", false), (":443", false),
        ("api.sbx.localhost:0", false), ("api.sbx.localhost:65536", false), ("api.sbx.localhost:443/x", false),
    ])
    func `CONNECT reaches the server's own names only`(target: String, isGranted: Bool) {
        #expect((ConnectDecision.refusal(target: target, domain: "sbx.localhost", depth: 0) == nil) == isGranted)
        #expect(ConnectDecision.refusal(target: target, domain: "sbx.localhost", depth: 1) != nil)
    }
}
