import GuestClient
import GuestProtocol
import HTTPExchange
import NIOHTTP1
import SandboxModel

extension EnvdCall {
    /// 204 if the sandbox answers, in its own person.
    func health() async -> HTTPResponse {
        guard isRead else { return Self.onlyRead }
        do {
            try await tell(.ping, timeout: EnvdLimits.healthTimeout)
            return HTTPResponse(status: .noContent)
        } catch .hungUp {
            return SandboxGone.response(sandbox.record.id)
        } catch {
            return response(for: error)
        }
    }

    func metrics() async -> HTTPResponse {
        guard isRead else { return Self.onlyRead }
        do {
            let metrics = try await environment.metrics(sandbox)
            return .json(.ok, try ProtoJSON.encode(MetricsAnswer(metrics)))
        } catch {
            return response(for: error)
        }
    }

    /// What every command has in its environment, the sandbox's own names included.
    func environmentVariables() async -> HTTPResponse {
        guard isRead else { return Self.onlyRead }
        let record = sandbox.record
        let variables = record.environment.merging(record.reservedEnvironment) { _, reserved in reserved }
        do {
            return .json(.ok, try ProtoJSON.encode(variables))
        } catch {
            return response(for: error)
        }
    }

    private var isRead: Bool { request.method == .GET || request.method == .HEAD }

    private static var onlyRead: HTTPResponse {
        HTTPResponse(status: .methodNotAllowed, headers: ["allow": "GET, HEAD"])
    }
}

private struct MetricsAnswer: Encodable {
    private let metrics: SandboxMetrics

    init(_ metrics: SandboxMetrics) {
        self.metrics = metrics
    }

    private enum CodingKeys: String, CodingKey {
        case ts, cpu_count, cpu_used_pct, mem_total_mib, mem_used_mib, mem_total, mem_used, mem_cache, disk_used
        case disk_total
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(metrics.at.unixMilliseconds / 1000, forKey: .ts)
        try fields.encode(metrics.cpuCount, forKey: .cpu_count)
        try fields.encode(metrics.cpuUsedPercent, forKey: .cpu_used_pct)
        try fields.encode(metrics.memoryTotalBytes >> 20, forKey: .mem_total_mib)
        try fields.encode(metrics.memoryUsedBytes >> 20, forKey: .mem_used_mib)
        try fields.encode(metrics.memoryTotalBytes, forKey: .mem_total)
        try fields.encode(metrics.memoryUsedBytes, forKey: .mem_used)
        try fields.encode(metrics.memoryCacheBytes, forKey: .mem_cache)
        try fields.encode(metrics.diskUsedBytes, forKey: .disk_used)
        try fields.encode(metrics.diskTotalBytes, forKey: .disk_total)
    }
}
