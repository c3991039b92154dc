import GRDB
import SandboxModel

/// How a `SandboxRecord` stands in its table.
struct SandboxRow {
    static let columns = """
        id, tenant, template_id, template_alias, state, end_reason, created_at, ends_at, metadata, environment, \
        cpu_count, memory_mib, disk_mib, inodes, processes, open_files, default_user, default_working_directory, \
        network, generation, pool
        """

    /// - Parameter accessToken: derives what is never stored.
    static func record(_ row: Row, accessToken: (SandboxID) -> String) throws -> SandboxRecord {
        let id = try SandboxID(row["id"])
        return SandboxRecord(
            id: id, tenant: try TenantID(row["tenant"]), templateID: row["template_id"],
            templateAlias: row["template_alias"], state: try value(row, "state", SandboxState.init(rawValue:)),
            endReason: try (row["end_reason"] as String?).map {
                try value($0, "end_reason", SandboxEndReason.init(rawValue:))
            },
            createdAt: Timestamp(unixMilliseconds: row["created_at"]),
            endsAt: Timestamp(unixMilliseconds: row["ends_at"]),
            metadata: try TextMap.map(row["metadata"], table: "sandbox", column: "metadata"),
            environment: try TextMap.map(row["environment"], table: "sandbox", column: "environment"),
            limits: try limits(row), defaultUser: row["default_user"],
            defaultWorkingDirectory: row["default_working_directory"],
            network: try value(row, "network", NetworkPolicy.init(rawValue:)), accessToken: accessToken(id),
            generation: row["generation"],
            pool: try (row["pool"] as String?).map { try value($0, "pool", PoolPlace.init(rawValue:)) })
    }

    private static func limits(_ row: Row) throws -> ResourceLimits {
        try ResourceLimits(
            cpuCount: row["cpu_count"], memoryMiB: row["memory_mib"], diskMiB: row["disk_mib"],
            inodes: row["inodes"], processes: row["processes"], openFiles: row["open_files"])
    }

    private static func value<Value>(_ row: Row, _ column: String, _ make: (String) -> Value?) throws -> Value {
        try value(row[column] as String, column, make)
    }

    private static func value<Value>(_ text: String, _ column: String, _ make: (String) -> Value?) throws -> Value {
        guard let value = make(text) else { throw StoreError.malformedRow(table: "sandbox", column: column) }
        return value
    }

    static func insert(_ admission: Admission, into db: GRDB.Database) throws {
        let record = admission.record
        try db.run(
            """
            INSERT INTO sandbox (\(columns), time_to_live, idempotency_key)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                record.id.text, record.tenant.text, record.templateID, record.templateAlias,
                record.state.rawValue, record.endReason?.rawValue, record.createdAt.unixMilliseconds,
                record.endsAt.unixMilliseconds, try TextMap.text(record.metadata),
                try TextMap.text(record.environment), record.limits.cpuCount, record.limits.memoryMiB,
                record.limits.diskMiB, record.limits.inodes, record.limits.processes, record.limits.openFiles,
                record.defaultUser, record.defaultWorkingDirectory, record.network.rawValue, record.generation,
                record.pool?.rawValue, admission.timeToLiveMilliseconds,
                admission.idempotencyKey,
            ])
    }
}
