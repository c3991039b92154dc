import Foundation
import HTTPExchange
import NIOCore
import NIOHTTP1
import SandboxModel
import Testing

@testable import E2BAPI

@Suite(.timeLimit(.minutes(1))) struct ControlPlaneTests {
    @Test(arguments: ["", "e2b_ff", String(repeating: "a", count: 10_000)])
    func `without a good key there is nothing`(key: String) async throws {
        try await withControlPlane { api in
            for (method, path) in [(HTTPMethod.GET, "/v2/sandboxes"), (.POST, "/sandboxes"), (.POST, "/volumes")] {
                let answer = try await api.ask(method, path, headers: ["x-api-key": key])
                #expect(answer.status == 401)
                #expect(answer.object["code"] as? Int == 401)
            }
            #expect(try await api.ask(.GET, "/health", headers: ["x-api-key": key]).status == 200)
        }
    }

    @Test func `what is not there is 404, what is not done so is 405, what is to come is 501`() async throws {
        try await withControlPlane { api in
            #expect(try await api.ask(.GET, "/nothing").status == 404)
            #expect(try await api.ask(.GET, "/").status == 404)
            let wrong = try await api.ask(.PATCH, "/v2/sandboxes")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == ["GET, POST"])
            let pending = try await api.ask(.POST, "/sandboxes/iabc/pause")
            #expect(pending.status == 501)
            #expect(pending.message == "pause is not in this version of Nestbox")
        }
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"])
    func `a body of another type is 415`(type: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(
                .POST, "/v2/sandboxes", #"{"templateID":"base"}"#, headers: ["content-type": type])
            #expect(answer.status == 415)
        }
    }

    @Test(arguments: ["application/json; charset=utf-8", "Application/JSON"])
    func `a parameter or a capital does not matter`(type: String) async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(
                .POST, "/v2/sandboxes", #"{"templateID":"base"}"#, headers: ["content-type": type])
            #expect(answer.status == 201)
        }
    }

    @Test func `a body over the limit is 413`() async throws {
        try await withControlPlane { api in
            let answer = try await api.ask(.POST, "/v2/sandboxes", String(repeating: " ", count: (1 << 20) + 1))
            #expect(answer.status == 413)
        }
    }

    @Test func `a body as deep as a well is refused`() async throws {
        try await withControlPlane { api in
            let body = #"{"templateID":"base","x":"# + String(repeating: "[", count: 500_000)
            let answer = try await api.ask(.POST, "/v2/sandboxes", body)
            #expect(answer.status == 400)
        }
    }

    @Test func `a template is found by its alias`() async throws {
        try await withControlPlane { api in
            let found = try await api.ask(.GET, "/templates/aliases/base")
            #expect(found.status == 200)
            #expect(try found.text("templateID") == "tbase")
            #expect(found.object["public"] as? Bool == true)
            #expect(try await api.ask(.GET, "/templates/aliases/base%3Adefault").status == 200)
            #expect(try await api.ask(.GET, "/templates/aliases/no%2Fsuch").status == 404)
        }
    }

    @Test func `metrics have every field clients require`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let one = try await api.ask(.GET, "/sandboxes/\(id)/metrics")
            #expect(one.status == 200)
            let newest = try #require(one.list.last)
            let fields: Set<String> = [
                "timestamp", "timestampUnix", "cpuCount", "cpuUsedPct", "memUsed", "memTotal", "memCache", "diskUsed",
                "diskTotal",
            ]
            #expect(Set(newest.keys) == fields)
            #expect(newest["diskUsed"] as? Int == 4096)
            let many = try await api.ask(.GET, "/sandboxes/metrics?sandbox_ids=\(id),inobody")
            #expect(many.status == 200, "\(many.message)")
            let sandboxes = try #require(many.object["sandboxes"] as? [String: [String: Any]])
            #expect(Set(sandboxes.keys) == [id])
            #expect(try await api.ask(.GET, "/sandboxes/metrics").status == 400)
            #expect(try await api.ask(.GET, "/sandboxes/\(id)/metrics?start=-1").status == 400)
        }
    }

    @Test func `logs come in both shapes`() async throws {
        try await withControlPlane { api in
            let id = try await api.create()
            let old = try await api.ask(.GET, "/sandboxes/\(id)/logs")
            #expect(old.status == 200)
            let entries = try #require(old.object["logEntries"] as? [[String: Any]])
            #expect((old.object["logs"] as? [[String: Any]])?.count == entries.count)
            let new = try await api.ask(.GET, "/v2/sandboxes/\(id)/logs?direction=backward&level=info&limit=10")
            #expect(new.status == 200)
            for entry in try #require(new.object["logs"] as? [[String: Any]]) {
                #expect(Set(entry.keys) == ["timestamp", "message", "level", "fields"])
            }
            for bad in ["direction=up", "level=loud", "limit=1001", "cursor=x"] {
                #expect(try await api.ask(.GET, "/v2/sandboxes/\(id)/logs?\(bad)").status == 400)
            }
        }
    }
}

@Suite struct ContractTests {
    /// `METHOD /path` of each operation in `api/openapi.yml`, by its indentation.
    private func contract() throws -> [String: Bool] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../api/openapi.yml")
        var operations: [String: Bool] = [:]
        var path = ""
        var operation = ""
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("components:") { break }
            if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
            if line.hasPrefix("    "), !line.hasPrefix("     "), line.hasSuffix(":"), !path.isEmpty {
                operation = line.dropLast().trimmingCharacters(in: .whitespaces).uppercased() + " " + path
                operations[operation] = false
            }
            if line == "      x-pending: true" { operations[operation] = true }
        }
        return operations
    }

    @Test func `every route is in the contract, and back`() async throws {
        let contract = try contract()
        try await withControlPlane { api in
            let routes = Set(api.plane.routes.map { "\($0.method.rawValue) \($0.path)" })
            #expect(routes == Set(contract.keys))
            #expect(routes.count == api.plane.routes.count)
            let pending = Set(PendingRoutes().all.map { "\($0.method.rawValue) \($0.path)" })
            #expect(pending == Set(contract.filter(\.value).keys))
        }
    }
}

@Suite struct WireTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_800_000_000_123, "2027-01-15T08:00:00.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
    ])
    func `a moment is written and read`(milliseconds: Int64, text: String) {
        let moment = Timestamp(unixMilliseconds: milliseconds)
        #expect(WireTime.text(moment) == text)
        #expect(WireTime.moment(text) == moment)
    }

    @Test(arguments: [
        ("2027-01-15T08:00:00Z", 1_800_000_000_000), ("2027-01-15T10:00:00.5+02:00", 1_800_000_000_500),
        ("2027-01-15T03:30:00.123456789-04:30", 1_800_000_000_123), ("2027-01-15t08:00:00z", 1_800_000_000_000),
    ])
    func `other spellings of a moment are read`(text: String, milliseconds: Int64) {
        #expect(WireTime.moment(text)?.unixMilliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2027", "2027-01-15", "2027-01-15T08:00:00", "2027-02-30T08:00:00Z", "2027-13-01T08:00:00Z",
        "2027-01-15T24:00:00Z", "2027-01-15T08:00:00.Z", "2027-01-15T08:00:00Zx", "+027-01-15T08:00:00Z",
        "2027-01-15T08:00:00+25:00",
    ])
    func `what is no moment is refused`(text: String) {
        #expect(WireTime.moment(text) == nil)
    }
}

@Suite struct MetadataFilterTests {
    @Test(arguments: [
        ("", [:]), ("a=b", ["a": "b"]), ("a=b%2520c", ["a": "b c"]), ("a=1&b=2", ["a": "1", "b": "2"]),
        ("a=x%253Dy%2526z", ["a": "x=y&z"]), ("a%252Bb=%252B", ["a+b": "+"]), ("a=", ["a": ""]),
        ("k=%25C3%25BC", ["k": "ü"]),
    ])
    func `three layers come off`(query: String, pairs: [String: String]) throws {
        #expect(try MetadataFilter.pairs(query) == pairs)
    }

    @Test(arguments: ["a", "%zz", "a=%25zz", "a=%25ff"]) func `what is no filter is refused by name`(query: String) {
        #expect(throws: SpecError.malformed(field: "metadata", value: query, allowed: "URL-encoded 'key=value' pairs"))
        {
            try MetadataFilter.pairs(query)
        }
    }
}
