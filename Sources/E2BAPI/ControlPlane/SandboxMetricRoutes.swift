import HTTPExchange
import Orchestrator
import SandboxModel

/// What sandboxes use.
struct SandboxMetricRoutes: Sendable {
    /// Of sandboxes in one request.
    static let sandboxCountLimit = 100

    let orchestrator: Orchestrator

    var all: [Route] {
        [Route(.GET, "/sandboxes/metrics", many), Route(.GET, "/sandboxes/{sandboxID}/metrics", one)]
    }

    @Sendable private func one(_ request: APIRequest) async throws -> HTTPResponse {
        let metrics = try await orchestrator.metrics(
            request.sandboxID, from: Self.moment("start", request), to: Self.moment("end", request),
            for: request.principal)
        return WireJSON.response(.ok, metrics.map(MetricResponse.init))
    }

    /// The newest of each; one that is not there is left out.
    @Sendable private func many(_ request: APIRequest) async throws -> HTTPResponse {
        let principal = try request.principal
        var newest: [String: MetricResponse] = [:]
        for id in try Self.sandboxIDs(request) {
            newest[id.text] = try await self.newest(of: id, for: principal)
        }
        return WireJSON.response(.ok, ["sandboxes": newest])
    }

    /// - Returns: nil if there is no such sandbox.
    private func newest(
        of id: SandboxID, for principal: Principal
    ) async throws(OrchestratorError) -> MetricResponse? {
        let metrics: [SandboxMetrics]
        do {
            metrics = try await orchestrator.metrics(id, from: nil, to: nil, for: principal)
        } catch {
            guard case .notFound = error else { throw error }
            return nil
        }
        return metrics.last.map(MetricResponse.init)
    }

    private static func sandboxIDs(_ request: APIRequest) throws -> [SandboxID] {
        let texts = request.http.target.query.filter { $0.name == "sandbox_ids" }
            .flatMap { $0.value.split(separator: ",") }
        guard !texts.isEmpty else { throw APIError.malformed("sandbox_ids: is missing") }
        guard texts.count <= sandboxCountLimit else {
            throw SpecError.tooLong(field: "sandbox_ids", length: texts.count, limit: sandboxCountLimit)
        }
        return try texts.map { try SandboxID(String($0)) }
    }

    /// Seconds since 1970.
    private static func moment(_ name: String, _ request: APIRequest) throws -> Timestamp? {
        try request.integer(name, in: 0...(Int.max / 1000)).map { Timestamp(unixMilliseconds: Int64($0) * 1000) }
    }
}

/// One measurement.
struct MetricResponse: Encodable, Hashable {
    let timestamp: String
    let timestampUnix: Int64
    let cpuCount: Int
    let cpuUsedPct: Double
    let memUsed: Int64
    let memTotal: Int64
    let memCache: Int64
    let diskUsed: Int64
    let diskTotal: Int64

    init(_ metrics: SandboxMetrics) {
        timestamp = WireTime.text(metrics.at)
        timestampUnix = metrics.at.unixMilliseconds / 1000
        cpuCount = metrics.cpuCount
        cpuUsedPct = metrics.cpuUsedPercent
        memUsed = metrics.memoryUsedBytes
        memTotal = metrics.memoryTotalBytes
        memCache = metrics.memoryCacheBytes
        diskUsed = metrics.diskUsedBytes
        diskTotal = metrics.diskTotalBytes
    }
}
