import GRDB
import SandboxModel

/// What came of a claim.
public enum ClaimOutcome: Sendable, Hashable {
    /// It is the asker's, and in state `starting` until it is configured.
    case claimed(SandboxRecord)
    /// The same request was carried out before: this is its sandbox, alive or not. The one claimed stays as it was.
    case repeated(SandboxRecord)
}

extension SandboxStore {
    /// Gives a pooled sandbox to who asks, in one transaction: it looks for the same request, and changes the row from
    /// `pooled` to `handed` with all that the request says. Of two claims of one sandbox the later is refused.
    /// - Parameter admission: its record has the pooled sandbox's id and generation.
    /// - Throws: `stale` if the sandbox is over, was handed out, or is none of the pool's; `idempotencyConflict`.
    public func claim(_ admission: Admission) async throws(StoreError) -> ClaimOutcome {
        try await database.write { [self] db in
            if let earlier = try repeated(admission, in: db) { return .repeated(earlier) }
            let record = admission.record
            let row = try db.first(
                """
                UPDATE sandbox SET state = 'starting', pool = 'handed', created_at = ?, ends_at = ?,
                    time_to_live = ?, metadata = ?, environment = ?, idempotency_key = ?,
                    generation = generation + 1
                WHERE id = ? AND tenant = ? AND template_id = ? AND generation = ? AND state = 'running'
                    AND pool = 'pooled'
                RETURNING \(SandboxRow.columns)
                """,
                [
                    record.createdAt.unixMilliseconds, record.endsAt.unixMilliseconds,
                    admission.timeToLiveMilliseconds, try TextMap.text(record.metadata),
                    try TextMap.text(record.environment), admission.idempotencyKey, record.id.text,
                    record.tenant.text, record.templateID, record.generation,
                ])
            guard let row else { throw StoreError.stale(record.id) }
            return .claimed(try SandboxRow.record(row, accessToken: accessToken))
        }
    }

    /// The sandbox of the same request made before, if there is one: so that nobody waits for what is there.
    /// - Throws: `idempotencyConflict`.
    public func earlier(_ admission: Admission) async throws(StoreError) -> SandboxRecord? {
        let earlier = try await database.read { [self] db in try repeated(admission, in: db) }
        if earlier != nil { try await settle() }
        return earlier
    }

    /// The sandbox is made anew under its name, with another environment.
    /// - Returns: the record as it is now, in state `starting`.
    /// - Throws: `stale` if the row is over or was changed since `record` was read.
    public func commit(
        restarting record: SandboxRecord, environment: [String: String]
    ) async throws(StoreError) -> SandboxRecord {
        let text: String
        do {
            text = try TextMap.text(environment)
        } catch {
            throw .failed(String(describing: error))
        }
        return try await database.write { [self] db in
            try update(record, set: "state = 'starting', environment = ?", [text], in: db)
        }
    }
}
