import NIOHTTP1
import Testing

@testable import E2BAPI

@Suite(.timeLimit(.minutes(1))) struct SandboxLifeRoutesTests {
    private func secondsLeft(_ id: String, _ api: ControlPlaneFixture) async throws -> Int64 {
        let ends = try #require(WireTime.moment(await api.ask(.GET, "/sandboxes/\(id)").text("endAt")))
        return (ends.unixMilliseconds - api.clock.now.unixMilliseconds) / 1000
    }

    @Test func `timeout moves the end both ways`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            for seconds in [3600, 5] {
                let answer = try await api.ask(.POST, "/sandboxes/\(id)/timeout", #"{"timeout":\#(seconds)}"#)
                #expect(answer.status == 204)
                #expect(try await secondsLeft(id, api) == Int64(seconds))
            }
        }
    }

    @Test(arguments: [0, -1]) func `a timeout of nothing ends the sandbox`(seconds: Int) async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            #expect(try await api.ask(.POST, "/sandboxes/\(id)/timeout", #"{"timeout":\#(seconds)}"#).status == 204)
            #expect(try await api.ask(.GET, "/sandboxes/\(id)").status == 404)
        }
    }

    @Test(arguments: ["connect", "refreshes"]) func `connect and refreshes never shorten`(verb: String) async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let field = verb == "connect" ? "timeout" : "duration"
            for (seconds, left) in [(1000, 1000), (10, 1000), (2000, 2000)] {
                let answer = try await api.ask(.POST, "/sandboxes/\(id)/\(verb)", #"{"\#(field)":\#(seconds)}"#)
                #expect(answer.status == (verb == "connect" ? 200 : 204))
                #expect(try await secondsLeft(id, api) == Int64(left))
            }
        }
    }

    @Test(arguments: ["/v2/sandboxes/", "/sandboxes/"])
    func `connect gives the sandbox again, and needs no body`(prefix: String) async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let answer = try await api.ask(.POST, "\(prefix)\(id)/connect")
            #expect(answer.status == 200)
            #expect(try answer.text("sandboxID") == id)
            #expect(try answer.text("envdAccessToken") == "token of \(id)")
        }
    }

    @Test func `resume of what runs is a conflict`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let answer = try await api.ask(.POST, "/sandboxes/\(id)/resume", #"{"timeout":5,"autoPause":false}"#)
            #expect(answer.status == 409)
        }
    }

    @Test(arguments: [
        ("timeout", #"{"timeout":86401}"#, "timeout: 86401"), ("timeout", "{}", "timeout: is missing"),
        ("timeout", #"{"timeout":"1"}"#, "timeout: is not an integer"), ("timeout", #"{"timeout":1.5}"#, "timeout"),
        ("timeout", #"{"timeout":1e30}"#, "timeout"), ("connect", #"{"timeout":-1}"#, "timeout: -1"),
        ("connect", #"{"timeout":86401}"#, "timeout: 86401"), ("refreshes", #"{"duration":-1}"#, "duration: -1"),
        ("refreshes", "[]", "the body"),
    ])
    func `a bad life is refused by name`(verb: String, body: String, says: String) async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let answer = try await api.ask(.POST, "/sandboxes/\(id)/\(verb)", body)
            #expect(answer.status == 400)
            #expect(answer.message.contains(says), "\(answer.message)")
            #expect(try await secondsLeft(id, api) == 300)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct SandboxListRoutesTests {
    @Test func `the list is paged, newest first`() async throws {
        try await withControlPlane { api in
            var ids: [String] = []
            for _ in 0..<5 {
                ids.append(try await api.create())
                api.clock.advance(by: .seconds(1))
            }
            var seen: [String] = []
            var uri = "/v2/sandboxes?limit=2"
            for _ in 0..<3 {
                let page = try await api.ask(.GET, uri)
                #expect(page.status == 200)
                #expect(page.headers["x-total-running"] == ["5"])
                seen += page.list.compactMap { $0["sandboxID"] as? String }
                guard let token = page.headers.first(name: "x-next-token") else { break }
                uri = "/v2/sandboxes?limit=2&nextToken=\(token)"
            }
            #expect(seen == ids.reversed())
            let oldestFirst = try await api.ask(.GET, "/v2/sandboxes?order=asc")
            #expect(oldestFirst.list.compactMap { $0["sandboxID"] as? String } == ids)
            #expect(try await api.ask(.GET, "/sandboxes").list.count == 5)
        }
    }

    @Test(arguments: [
        ("state=running", 1), ("state=paused", 0), ("state=running%2Cpaused", 1), ("state=paused&state=running", 1),
        ("template=tbase", 1), ("template=other", 0), ("metadata=team%3Da%252520b", 1), ("metadata=team%3Dother", 0),
        ("startedAfter=2027-01-15T07:00:00Z", 1), ("startedAfter=2027-01-15T08:00:01%2B00:00", 0),
        ("startedAfter=2027-01-15T10:00:00+03:00", 1),
    ])
    func `filters choose`(query: String, count: Int) async throws {
        try await withControlPlane { api in
            _ = try await api.create(#"{"templateID":"base","metadata":{"team":"a b","x":"y"}}"#)
            let answer = try await api.ask(.GET, "/v2/sandboxes?\(query)")
            #expect(answer.status == 200, "\(answer.message)")
            #expect(answer.list.count == count)
        }
    }

    @Test(arguments: [
        ("state=ended", "state"), ("order=up", "order"), ("limit=0", "limit"), ("limit=101", "limit"),
        ("limit=x", "limit"), ("startedAfter=yesterday", "startedAfter"), ("metadata=%25zz", "metadata"),
        ("metadata=abc", "metadata"), ("nextToken=garbage", "nextToken"),
    ])
    func `a bad filter is refused by name`(query: String, field: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(.GET, "/v2/sandboxes?\(query)")
            #expect(answer.status == 400)
            #expect(answer.message.contains(field), "\(answer.message)")
        }
    }

    @Test func `another tenant's list is empty`() async throws {
        try await withControlPlane { api in
            _ = try await api.create()
            let answer = try await api.ask(
                .GET, "/v2/sandboxes", headers: ["x-api-key": api.foreignKey])
            #expect(answer.status == 200)
            #expect(answer.list.isEmpty)
            #expect(answer.headers["x-total-running"] == ["0"])
        }
    }
}
