import GRDB
import SandboxModel

/// What tenants want of their pools.
public struct PoolStore: Sendable {
    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// Sets a pool, new or known.
    public func set(_ key: PoolKey, _ settings: PoolSettings) async throws(StoreError) {
        try await database.write { db in
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO pool (tenant, template_id, minimum, maximum, acquire_timeout)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.tenant.text, key.templateID, settings.minimum, settings.maximum,
                    settings.acquireTimeoutMilliseconds,
                ])
        }
    }

    /// - Returns: false if there is no such pool.
    public func remove(_ key: PoolKey) async throws(StoreError) -> Bool {
        try await database.write { db in
            try db.execute(
                sql: "DELETE FROM pool WHERE tenant = ? AND template_id = ?",
                arguments: [key.tenant.text, key.templateID])
            return db.changesCount > 0
        }
    }

    /// Every tenant's.
    public func all() async throws(StoreError) -> [PoolKey: PoolSettings] {
        try await database.read { db in
            var pools: [PoolKey: PoolSettings] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT * FROM pool") {
                let key = PoolKey(tenant: try TenantID(row["tenant"]), templateID: row["template_id"])
                pools[key] = try PoolSettings(
                    minimum: row["minimum"], maximum: row["maximum"],
                    acquireTimeoutMilliseconds: row["acquire_timeout"])
            }
            return pools
        }
    }
}
