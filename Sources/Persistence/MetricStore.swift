import GRDB
import SandboxModel

/// One measurement of one sandbox.
public struct MetricSample: Sendable, Hashable {
    public var sandbox: SandboxID
    public var tenant: TenantID
    public var metrics: SandboxMetrics

    public init(sandbox: SandboxID, tenant: TenantID, metrics: SandboxMetrics) {
        self.sandbox = sandbox
        self.tenant = tenant
        self.metrics = metrics
    }
}

/// Each sandbox's measurements of the last 24 hours: a ring with one place per `interval`.
public struct MetricStore: Sendable {
    public static let interval: Duration = .seconds(5)
    public static let slotCount: Int64 = 24 * 3600 / 5

    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// Stores the samples in one transaction, each in the place of the one a day before. Samples of sandboxes that are
    /// not in the store are left out.
    public func record(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        try await database.write { db in
            let insert = try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO sandbox_metric (sandbox, slot, tenant, at, cpu_count, cpu_used_percent,
                        memory_used, memory_total, memory_cache, disk_used, disk_total)
                    SELECT id, ?, tenant, ?, ?, ?, ?, ?, ?, ?, ? FROM sandbox WHERE id = ? AND tenant = ?
                    """)
            for sample in samples {
                let metrics = sample.metrics
                try insert.execute(arguments: [
                    Self.slot(metrics.at), metrics.at.unixMilliseconds, metrics.cpuCount, metrics.cpuUsedPercent,
                    metrics.memoryUsedBytes, metrics.memoryTotalBytes, metrics.memoryCacheBytes,
                    metrics.diskUsedBytes, metrics.diskTotalBytes, sample.sandbox.text, sample.tenant.text,
                ])
            }
        }
    }

    /// The samples from `from` to `to`, both included, oldest first.
    public func metrics(
        of sandbox: SandboxID, tenant: TenantID, from: Timestamp, to: Timestamp
    ) async throws(StoreError) -> [SandboxMetrics] {
        try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM sandbox_metric WHERE sandbox = ? AND tenant = ? AND at BETWEEN ? AND ? ORDER BY at
                    """,
                arguments: [sandbox.text, tenant.text, from.unixMilliseconds, to.unixMilliseconds]
            ).map(Self.metrics)
        }
    }

    private static func slot(_ moment: Timestamp) -> Int64 {
        moment.unixMilliseconds / (interval.components.seconds * 1000) % slotCount
    }

    private static func metrics(_ row: Row) -> SandboxMetrics {
        SandboxMetrics(
            at: Timestamp(unixMilliseconds: row["at"]), cpuCount: row["cpu_count"],
            cpuUsedPercent: row["cpu_used_percent"], memoryUsedBytes: row["memory_used"],
            memoryTotalBytes: row["memory_total"], memoryCacheBytes: row["memory_cache"],
            diskUsedBytes: row["disk_used"], diskTotalBytes: row["disk_total"])
    }
}
