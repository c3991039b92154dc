import GRDB
import SandboxModel

/// The sandboxes' rows. Three verbs write: `admit` lets one in, `commit` confirms what happened to it, `finish` closes
/// it. Every write carries the generation it builds on, so that a late one changes nothing.
public struct SandboxStore: Sendable {
    let database: Database
    let accessToken: @Sendable (SandboxID) -> String

    /// - Parameter accessToken: derives a sandbox's token, which is never stored.
    public init(_ database: Database, accessToken: @Sendable @escaping (SandboxID) -> String) {
        self.database = database
        self.accessToken = accessToken
    }

    /// One transaction: counts who is alive, looks for the same request, inserts the row. It is on disk once `settle`
    /// returns: nobody is to be told of the sandbox before.
    /// - Parameter limit: most sandboxes alive at once, of all tenants.
    /// - Throws: `full`, or `idempotencyConflict` if the key was used with another request or that one is under way.
    public func admit(_ admission: Admission, limit: Int) async throws(StoreError) -> AdmissionOutcome {
        let outcome: AdmissionOutcome = try await database.writeSyncingLater { [self] db in
            if let earlier = try repeated(admission, in: db) { return .repeated(earlier) }
            let alive = try db.first("SELECT count(*) FROM sandbox WHERE state <> 'ended'").map { $0[0] as Int } ?? 0
            guard alive < limit else { throw StoreError.full(limit: limit) }
            try SandboxRow.insert(admission, into: db)
            return .admitted
        }
        // Who made it may still be waiting for the disk.
        if case .repeated = outcome { try await settle() }
        return outcome
    }

    /// Returns once all rows that were written before are on disk.
    public func settle() async throws(StoreError) {
        try await database.settle()
    }

    /// The sandbox runs. After a power cut, which it does not outlive, its row may not say so.
    /// - Returns: the record as it is now.
    /// - Throws: `stale` if the row is over or was changed since `record` was read.
    public func commit(running record: SandboxRecord) async throws(StoreError) -> SandboxRecord {
        try await database.writeSyncingLater { db in try update(record, set: "state = 'running'", [], in: db) }
    }

    /// The sandbox is to end at another moment.
    /// - Returns: the record as it is now.
    /// - Throws: `stale` if the row is over or was changed since `record` was read.
    public func commit(_ record: SandboxRecord, endsAt: Timestamp) async throws(StoreError) -> SandboxRecord {
        try await database.write { db in
            try update(record, set: "ends_at = ?", [endsAt.unixMilliseconds], in: db)
        }
    }

    /// The sandbox is over. The first reason stands; a sandbox that failed gives its idempotency key back. After a
    /// power cut the reason may be another, `lost`, but it is over.
    /// - Returns: false if it was over already.
    @discardableResult
    public func finish(
        _ id: SandboxID, of tenant: TenantID, _ reason: SandboxEndReason, at now: Timestamp
    ) async throws(StoreError) -> Bool {
        try await database.writeSyncingLater { db in
            try db.run(
                """
                UPDATE sandbox SET state = 'ended', end_reason = ?, ends_at = ?, generation = generation + 1,
                    idempotency_key = CASE WHEN ? THEN NULL ELSE idempotency_key END
                WHERE id = ? AND tenant = ? AND state <> 'ended'
                """,
                [reason.rawValue, now.unixMilliseconds, reason == .failed, id.text, tenant.text])
            return db.changesCount > 0
        }
    }

    /// A tenant's sandbox, over or not; not one that waits in a pool, which is nobody's to see.
    public func sandbox(_ id: SandboxID, of tenant: TenantID) async throws(StoreError) -> SandboxRecord? {
        try await database.read { [accessToken] db in
            try db.first(
                "SELECT \(SandboxRow.columns) FROM sandbox WHERE id = ? AND tenant = ? AND \(Self.isVisible)",
                [id.text, tenant.text]
            ).map { try SandboxRow.record($0, accessToken: accessToken) }
        }
    }

    func update(
        _ record: SandboxRecord, set assignment: String, _ arguments: StatementArguments, in db: GRDB.Database
    ) throws -> SandboxRecord {
        let row = try db.first(
            """
            UPDATE sandbox SET \(assignment), generation = generation + 1
            WHERE id = ? AND tenant = ? AND generation = ? AND state <> 'ended'
            RETURNING \(SandboxRow.columns)
            """,
            arguments + [record.id.text, record.tenant.text, record.generation])
        guard let row else { throw StoreError.stale(record.id) }
        return try SandboxRow.record(row, accessToken: accessToken)
    }

    /// In SQL: somebody has been given it.
    static let isVisible = "pool IS NOT 'pooled'"

    func repeated(_ admission: Admission, in db: GRDB.Database) throws -> SandboxRecord? {
        guard let key = admission.idempotencyKey else { return nil }
        let row = try db.first(
            "SELECT \(SandboxRow.columns), time_to_live FROM sandbox WHERE tenant = ? AND idempotency_key = ?",
            [admission.record.tenant.text, key])
        guard let row else { return nil }
        let earlier = try SandboxRow.record(row, accessToken: accessToken)
        let isSameRequest =
            earlier.templateID == admission.record.templateID && earlier.metadata == admission.record.metadata
            && earlier.environment == admission.record.environment && earlier.network == admission.record.network
            && row["time_to_live"] == admission.timeToLiveMilliseconds
        guard isSameRequest, earlier.state != .starting else { throw StoreError.idempotencyConflict(key: key) }
        return earlier
    }
}
