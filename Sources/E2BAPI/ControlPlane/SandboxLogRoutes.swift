import HTTPExchange
import Orchestrator
import SandboxModel

/// What happened to a sandbox.
struct SandboxLogRoutes: Sendable {
    enum Direction: String, CaseIterable {
        case forward
        case backward
    }

    let orchestrator: Orchestrator

    var all: [Route] {
        [
            Route(.GET, "/sandboxes/{sandboxID}/logs", legacyLogs),
            Route(.GET, "/v2/sandboxes/{sandboxID}/logs", logs),
        ]
    }

    @Sendable private func legacyLogs(_ request: APIRequest) async throws -> HTTPResponse {
        let query = try EventQuery(
            cursor: Self.moment("start", request), limit: Self.limit(request))
        let events = try await orchestrator.events(request.sandboxID, query, for: request.principal)
        return WireJSON.response(.ok, LegacyLogsResponse(events))
    }

    @Sendable private func logs(_ request: APIRequest) async throws -> HTTPResponse {
        let query = try EventQuery(
            cursor: Self.moment("cursor", request), limit: Self.limit(request),
            newestFirst: request.choice("direction", Direction.self) == .backward,
            minimumLevel: request.choice("level", SandboxEvent.Level.self) ?? .debug,
            search: request.http.target.query("search").flatMap { $0.isEmpty ? nil : $0 })
        let events = try await orchestrator.events(request.sandboxID, query, for: request.principal)
        return WireJSON.response(.ok, LogsResponse(logs: events.map(LogEntryResponse.init)))
    }

    private static func limit(_ request: APIRequest) throws -> Int {
        try request.integer("limit", in: EventQuery.limitRange) ?? EventQuery.limitRange.upperBound
    }

    private static func moment(_ name: String, _ request: APIRequest) throws -> Timestamp? {
        try request.integer(name, in: 0...Int.max).map { Timestamp(unixMilliseconds: Int64($0)) }
    }
}

struct LogEntryResponse: Encodable, Hashable {
    let timestamp: String
    let message: String
    let level: String
    let fields: [String: String]

    init(_ event: SandboxEvent) {
        timestamp = WireTime.text(event.at)
        message = event.message
        level = event.level.rawValue
        fields = event.fields
    }
}

struct LogsResponse: Encodable, Hashable {
    let logs: [LogEntryResponse]
}

/// The first version's: every line twice, as text and as an entry.
struct LegacyLogsResponse: Encodable, Hashable {
    struct Line: Encodable, Hashable {
        let timestamp: String
        let line: String
    }

    let logs: [Line]
    let logEntries: [LogEntryResponse]

    init(_ events: [SandboxEvent]) {
        logEntries = events.map(LogEntryResponse.init)
        logs = logEntries.map { Line(timestamp: $0.timestamp, line: $0.message) }
    }
}
