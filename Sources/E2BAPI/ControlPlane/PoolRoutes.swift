import HTTPExchange
import Orchestrator
import SandboxModel

/// Pools of ready sandboxes, and making a sandbox as new: what Nestbox has beside the E2B wire.
struct PoolRoutes: Sendable {
    let orchestrator: Orchestrator
    let domain: SandboxDomain

    var all: [Route] {
        [
            Route(.GET, "/nestbox/pools", list),
            Route(.PUT, "/nestbox/pools/{template}", set),
            Route(.DELETE, "/nestbox/pools/{template}", remove),
            Route(.POST, "/nestbox/sandboxes/{sandboxID}/reset", reset),
        ]
    }

    @Sendable private func list(_ request: APIRequest) async throws -> HTTPResponse {
        let reports = await orchestrator.poolReports(for: try request.principal)
        return WireJSON.response(.ok, reports.map(PoolResponse.init))
    }

    @Sendable private func set(_ request: APIRequest) async throws -> HTTPResponse {
        let settings = try await request.decode(PoolRequest.self).settings()
        let template = try await orchestrator.template(named: request.parameters["template"] ?? "")
        let report = try await orchestrator.setPool(template, settings, for: request.principal)
        return WireJSON.response(.ok, PoolResponse(report))
    }

    @Sendable private func remove(_ request: APIRequest) async throws -> HTTPResponse {
        let template = try await orchestrator.template(named: request.parameters["template"] ?? "")
        try await orchestrator.removePool(template, for: request.principal)
        return HTTPResponse(status: .noContent)
    }

    @Sendable private func reset(_ request: APIRequest) async throws -> HTTPResponse {
        let record = try await orchestrator.reset(request.sandboxID, for: request.principal)
        return WireJSON.response(.ok, SandboxResponse(record, domain: domain.advertised(to: request.http.headers)))
    }
}

/// The body of `PUT /nestbox/pools/{template}`.
struct PoolRequest: Decodable, Hashable {
    let min: WireInteger
    let max: WireInteger
    let acquireTimeoutMs: WireInteger?

    func settings() throws(SpecError) -> PoolSettings {
        try PoolSettings(
            minimum: min.value, maximum: max.value,
            acquireTimeoutMilliseconds: acquireTimeoutMs?.value ?? PoolSettings.defaultAcquireTimeout)
    }
}

/// A pool as its tenant sees it.
public struct PoolResponse: Codable, Hashable, Sendable {
    public let templateID: String
    public let min: Int
    public let max: Int
    public let acquireTimeoutMs: Int
    public let ready: Int
    public let making: Int
    public let inUse: Int
    public let waiting: Int
    public let hits: Int
    public let misses: Int
    public let waits: Int
    public let timeouts: Int
    public let unhealthy: Int
    public let refills: Int
    public let refillFailures: Int
    public let lastRefillMs: Double
    public let meanRefillMs: Double

    init(_ report: PoolReport) {
        let figures = report.figures
        templateID = report.key.templateID
        min = report.settings.minimum
        max = report.settings.maximum
        acquireTimeoutMs = report.settings.acquireTimeoutMilliseconds
        (ready, making, inUse, waiting) = (report.ready, report.making, report.inUse, report.waiting)
        (hits, misses, waits, timeouts) = (figures.hits, figures.misses, figures.waits, figures.timeouts)
        (unhealthy, refills, refillFailures) = (figures.unhealthy, figures.refills, figures.refillFailures)
        lastRefillMs = figures.lastRefillMilliseconds
        meanRefillMs = figures.refills == 0 ? 0 : figures.refillMilliseconds / Double(figures.refills)
    }
}
