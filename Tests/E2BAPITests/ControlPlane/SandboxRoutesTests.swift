import Foundation
import NIOHTTP1
import Testing

@testable import E2BAPI

@Suite(.timeLimit(.minutes(1))) struct SandboxRoutesTests {
    /// What the official client sends when nothing is asked for.
    static let plain = #"{"templateID":"base","metadata":{},"timeout":300,"envVars":{},"autoPause":false}"#

    @Test func `create answers 201 with all that clients require`() async throws {
        try await withControlPlane { api in
            let made = try await api.ask(.POST, "/v2/sandboxes", Self.plain)
            #expect(made.status == 201)
            let id = try made.text("sandboxID")
            #expect(try made.text("templateID") == "tbase")
            #expect(try made.text("alias") == "base")
            #expect(try made.text("envdVersion") == "0.6.13")
            #expect(try made.text("envdAccessToken") == "token of \(id)")
            #expect(try made.text("clientID") != "")
        }
    }

    @Test(arguments: [
        ("127.0.0.1:3000", "sbx.localhost:3000"), ("localhost", "sbx.localhost"), ("[::1]:80", "sbx.localhost:80"),
        ("api.sbx.localhost:8443", nil), ("sbx.localhost", nil),
    ])
    func `a client that does not know the domain is told it`(host: String, domain: String?) async throws {
        try await withControlPlane { api in
            let made = try await api.ask(.POST, "/v2/sandboxes", Self.plain, headers: ["host": host])
            #expect(made.object["domain"] as? String == domain)
        }
    }

    @Test(arguments: [("/v2/sandboxes", 300.0), ("/sandboxes", 15.0)])
    func `each version has its own default life`(path: String, seconds: Double) async throws {
        try await withControlPlane { api in
            let id = try await api.ask(.POST, path, #"{"templateID":"base"}"#).text("sandboxID")
            let detail = try await api.ask(.GET, "/sandboxes/\(id)")
            let began = try #require(WireTime.moment(detail.text("startedAt")))
            let ends = try #require(WireTime.moment(detail.text("endAt")))
            #expect(Double(ends.unixMilliseconds - began.unixMilliseconds) == seconds * 1000)
        }
    }

    @Test func `details hold what lists hold, and more`() async throws {
        try await withControlPlane { api in
            let id = try await api.create(#"{"templateID":"base","metadata":{"a":"ü"},"secure":true}"#)
            let detail = try await api.ask(.GET, "/sandboxes/\(id)")
            #expect(detail.status == 200)
            #expect(try detail.text("state") == "running")
            #expect(try detail.text("startedAt") == "2027-01-15T08:00:00.123Z")
            #expect(detail.object["metadata"] as? [String: String] == ["a": "ü"])
            #expect(detail.object["cpuCount"] as? Int == 2)
            #expect(detail.object["memoryMB"] as? Int == 512)
            #expect(detail.object["diskSizeMB"] as? Int == 1024)
            #expect(detail.object["allowInternetAccess"] as? Bool == false)
            let lifecycle = try #require(detail.object["lifecycle"] as? [String: Any])
            #expect(lifecycle["autoResume"] as? Bool == false)
            #expect(lifecycle["onTimeout"] as? String == "kill")
        }
    }

    @Test(arguments: [
        (#"{"templateID":"nope"}"#, 404, "template 'nope' not found"),
        (#"{}"#, 400, "templateID: is missing"),
        (#"{"templateID":7}"#, 400, "templateID: is not a string"),
        (#"{"templateID":"base","timeout":0}"#, 400, "timeout: 0 is not in 1...86400"),
        (#"{"templateID":"base","timeout":-5}"#, 400, "timeout: -5 is not in 1...86400"),
        (#"{"templateID":"base","timeout":86401}"#, 400, "timeout: 86401 is not in 1...86400"),
        (#"{"templateID":"base","metadata":{"a":1}}"#, 400, "metadata.a: is not a string"),
        (#"{"templateID":"base","envVars":{"A=B":"x"}}"#, 400, "envVars"),
        (#"{"templateID":"base","envVars":{"A":"\u0000"}}"#, 400, "envVars"),
        (#"{"templateID":"base""#, 400, "not valid JSON"), (#""base""#, 400, "the body"),
        ("", 400, "the body is empty"),
        (#"{"templateID":"base","autoPause":true}"#, 501, "autoPause is not in this version of Nestbox"),
        (#"{"templateID":"base","autoResume":{"enabled":true}}"#, 501, "autoResume"),
        (#"{"templateID":"base","autoPauseMemory":false}"#, 400, "autoPauseMemory"),
        (#"{"templateID":"base","volumeMounts":[{"name":"v","path":"/v"}]}"#, 501, "volumeMounts"),
        (#"{"templateID":"base","mcp":{}}"#, 501, "mcp"),
        (#"{"templateID":"base","iam":{"tokens":{"a":{"audience":"b"}}}}"#, 501, "iam"),
        (#"{"templateID":"base","network":{"allowOut":["1.1.1.1"]}}"#, 501, "network.allowOut"),
        (#"{"templateID":"base","network":{"allowPublicTraffic":false}}"#, 501, "network.allowPublicTraffic"),
        (#"{"templateID":"base","network":{"rules":{"a.b":[]}}}"#, 501, "network.rules"),
    ])
    func `a bad request is told what is wrong`(body: String, status: Int, says: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(.POST, "/v2/sandboxes", body)
            #expect(answer.status == status)
            #expect(answer.message.contains(says), "\(answer.message)")
            #expect(answer.object["code"] as? Int == status)
            #expect(try await api.ask(.GET, "/v2/sandboxes").list.isEmpty)
        }
    }

    @Test(arguments: [
        #"{"templateID":"base:default","newer":{"field":[1]}}"#,
        #"{"templateID":"tbase","allow_internet_access":true}"#,
        #"{"templateID":"base","allow_internet_access":false,"network":{"denyOut":["0.0.0.0/0"]}}"#,
        #"{"templateID":"base","network":{},"volumeMounts":[],"iam":{"tokens":{}},"mcp":null,"autoResume":{}}"#,
    ])
    func `what may be asked for is granted`(body: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(.POST, "/v2/sandboxes", body)
            #expect(answer.status == 201, "\(answer.message)")
        }
    }

    @Test func `the same idempotency key gives the same sandbox`() async throws {
        try await withControlPlane { api in
            let first = try await api.ask(.POST, "/v2/sandboxes", Self.plain, headers: ["Idempotency-Key": "once-1"])
            let again = try await api.ask(.POST, "/v2/sandboxes", Self.plain, headers: ["Idempotency-Key": "once-1"])
            #expect(try first.text("sandboxID") == again.text("sandboxID"))
            #expect(again.status == 201)
            for bad in ["", "Upper", "a b", String(repeating: "a", count: 256)] {
                let refused = try await api.ask(.POST, "/v2/sandboxes", Self.plain, headers: ["Idempotency-Key": bad])
                #expect(refused.status == 400)
                #expect(refused.message.contains("Idempotency-Key"))
            }
        }
    }

    @Test func `kill answers 204 once and 404 after`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            #expect(try await api.ask(.DELETE, "/sandboxes/\(id)").status == 204)
            let again = try await api.ask(.DELETE, "/sandboxes/\(id)")
            #expect(again.status == 404)
            #expect(again.message == "Sandbox \"\(id)\" doesn't exist or you don't have access to it")
        }
    }

    @Test(arguments: ["inobody", "NOT-AN-ID", "i%2Fx"])
    func `an id that is none is answered like one that is not there`(id: String) async throws {
        try await withControlPlane { api in
            for (method, path, body) in [
                (HTTPMethod.GET, "", nil as String?), (.DELETE, "", nil), (.POST, "/timeout", #"{"timeout":1}"#),
                (.POST, "/connect", nil), (.POST, "/resume", nil), (.POST, "/refreshes", nil), (.GET, "/metrics", nil),
                (.GET, "/logs", nil),
            ] {
                let answer = try await api.ask(method, "/sandboxes/\(id)\(path)", body)
                #expect(answer.status == 404, "\(method) \(path)")
                #expect(answer.message.hasPrefix("Sandbox \""))
            }
        }
    }

    @Test func `another tenant's sandbox is not there`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let answer = try await api.ask(
                .GET, "/sandboxes/\(id)", headers: ["x-api-key": api.foreignKey])
            #expect(answer.status == 404)
            #expect(answer.message == "Sandbox \"\(id)\" doesn't exist or you don't have access to it")
        }
    }

    @Test func `a failure inside says nothing of the inside but an id`() async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(
                .POST, "/v2/sandboxes", #"{"templateID":"base","metadata":{"fail":"1"}}"#)
            #expect(answer.status == 500)
            #expect(answer.message == "something went wrong on the server (error id 0123456789abcdef)")
        }
    }

    @Test func `a full server says so and when to ask again`() async throws {
        try await withControlPlane(sandboxLimit: 1) { api in
            _ = try await api.create()
            let answer = try await api.ask(.POST, "/v2/sandboxes", Self.plain)
            #expect(answer.status == 503)
            #expect(answer.headers["retry-after"] == ["1"])
        }
    }
}
