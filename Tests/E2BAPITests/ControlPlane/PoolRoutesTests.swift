import Testing

@testable import E2BAPI

@Suite struct PoolRoutesTests {
    @Test func `a pool is set, shown and removed, by its own tenant alone`() async throws {
        try await withControlPlane { api in
            let set = try await api.ask(.PUT, "/nestbox/pools/base", #"{"min":0,"max":3,"acquireTimeoutMs":50}"#)
            #expect(set.status == 200 && set.object["max"] as? Int == 3 && set.object["acquireTimeoutMs"] as? Int == 50)
            let listed = try await api.ask(.GET, "/nestbox/pools")
            #expect(listed.list.map { $0["templateID"] as? String } == ["tbase"])
            let foreign = try await api.ask(.GET, "/nestbox/pools", headers: ["x-api-key": api.foreignKey])
            #expect(foreign.status == 200 && foreign.list.isEmpty)
            let theirs = try await api.ask(.DELETE, "/nestbox/pools/base", headers: ["x-api-key": api.foreignKey])
            #expect(theirs.status == 404)
            #expect(try await api.ask(.DELETE, "/nestbox/pools/base").status == 204)
            #expect(try await api.ask(.DELETE, "/nestbox/pools/base").message == "there is no pool of template 'tbase'")
        }
    }

    @Test(arguments: [
        (#"{"min":2,"max":1}"#, "min: 2 is not in 0...1"), (#"{"max":1}"#, "min: is missing"),
        (#"{"min":0,"max":0}"#, "max: 0 is not in 1...4096"),
        (#"{"min":0,"max":1,"acquireTimeoutMs":-1}"#, "acquireTimeoutMs: -1 is not in 0...300000"),
    ])
    func `a bad field is refused by its name`(body: String, message: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(.PUT, "/nestbox/pools/base", body)
            #expect(answer.status == 400 && answer.message == message)
        }
    }

    @Test func `a pool that is used up answers 503 in these words`() async throws {
        try await withControlPlane { api in
            _ = try await api.ask(.PUT, "/nestbox/pools/base", #"{"min":0,"max":1,"acquireTimeoutMs":1}"#)
            _ = try await api.create()
            let answer = try await api.ask(.POST, "/v2/sandboxes", #"{"templateID":"base"}"#)
            #expect(answer.status == 503 && answer.headers.first(name: "retry-after") == "1")
            #expect(
                answer.message == """
                    all 1 sandboxes of the pool of 'tbase' are in use, and none came free within 1 ms \
                    (error id 0123456789abcdef)
                    """)
        }
    }

    @Test func `a sandbox that is not there is not reset`() async throws {
        try await withControlPlane { api in
            #expect(try await api.ask(.POST, "/nestbox/sandboxes/i123/reset").status == 404)
            let id = try await api.create()
            let foreign = try await api.ask(
                .POST, "/nestbox/sandboxes/\(id)/reset", headers: ["x-api-key": api.foreignKey])
            #expect(foreign.status == 404)
        }
    }
}
