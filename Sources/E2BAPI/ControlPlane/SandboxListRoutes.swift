import HTTPExchange
import NIOHTTP1
import Orchestrator
import SandboxModel

/// Lists of a tenant's sandboxes.
struct SandboxListRoutes: Sendable {
    /// The first version's list has no pages: this many sandboxes are shown at most.
    static let legacyPageLimit = 100

    enum Order: String, CaseIterable {
        case asc
        case desc
    }

    let orchestrator: Orchestrator

    var all: [Route] {
        [Route(.GET, "/v2/sandboxes", list), Route(.GET, "/sandboxes", listAll)]
    }

    @Sendable private func list(_ request: APIRequest) async throws -> HTTPResponse {
        let page = try await orchestrator.list(Self.query(request), for: request.principal)
        var headers: HTTPHeaders = ["x-total-running": String(page.totalRunning)]
        if let token = page.nextToken { headers.add(name: "x-next-token", value: token) }
        return WireJSON.response(.ok, page.sandboxes.map(ListedSandboxResponse.init), headers: headers)
    }

    /// `GET /sandboxes` of the first version: all that run, on one page.
    @Sendable private func listAll(_ request: APIRequest) async throws -> HTTPResponse {
        var query = try SandboxQuery(metadata: Self.metadata(request))
        var listed: [ListedSandboxResponse] = []
        for _ in 0..<Self.legacyPageLimit {
            let page = try await orchestrator.list(query, for: request.principal)
            listed += page.sandboxes.map(ListedSandboxResponse.init)
            guard let token = page.nextToken else { break }
            query.pageToken = token
        }
        return WireJSON.response(.ok, listed)
    }

    static func query(_ request: APIRequest) throws -> SandboxQuery {
        let target = request.http.target
        let states = try self.states(request)
        return try SandboxQuery(
            metadata: metadata(request), includesRunning: states.contains(.running),
            newestFirst: request.choice("order", Order.self) != .asc, startedAfter: startedAfter(request),
            templateID: target.query("template").flatMap { $0.isEmpty ? nil : $0 },
            pageToken: target.query("nextToken").flatMap { $0.isEmpty ? nil : $0 },
            limit: request.integer("limit", in: SandboxQuery.limitRange) ?? SandboxQuery.limitRange.upperBound)
    }

    private static func metadata(_ request: APIRequest) throws -> [String: String] {
        try request.http.target.query("metadata").map(MetadataFilter.pairs) ?? [:]
    }

    /// One value with commas, or one per appearance; all if there is none.
    private static func states(_ request: APIRequest) throws -> Set<ListedSandboxResponse.State> {
        let words = request.http.target.query.filter { $0.name == "state" }.flatMap { $0.value.split(separator: ",") }
        guard !words.isEmpty else { return Set(ListedSandboxResponse.State.allCases) }
        return try Set(
            words.map { word in
                guard let state = ListedSandboxResponse.State(rawValue: String(word)) else {
                    throw SpecError.malformed(field: "state", value: String(word), allowed: "one of running, paused")
                }
                return state
            })
    }

    private static func startedAfter(_ request: APIRequest) throws -> Timestamp? {
        guard let text = request.http.target.query("startedAfter"), !text.isEmpty else { return nil }
        // A '+' of the offset that was not escaped has become a space.
        guard let moment = WireTime.moment(text) ?? WireTime.moment(text.replacing(" ", with: "+")) else {
            throw SpecError.malformed(field: "startedAfter", value: text, allowed: "a time of RFC 3339")
        }
        return moment
    }
}
