import GRDB
import SandboxModel

extension SandboxStore {
    /// One page of a tenant's running sandboxes. One whose time is up at `now` is not among them, though the news of
    /// its end may not have come.
    /// - Throws: `refused` naming `nextToken` or `metadata`.
    public func list(
        _ query: SandboxQuery, of tenant: TenantID, at now: Timestamp
    ) async throws(StoreError) -> SandboxPage {
        guard query.includesRunning else { return SandboxPage(sandboxes: [], nextToken: nil, totalRunning: 0) }
        guard query.metadata.count <= SandboxSpec.metadataCountLimit else {
            throw .refused(
                .tooLong(field: "metadata", length: query.metadata.count, limit: SandboxSpec.metadataCountLimit))
        }
        return try await database.read { [accessToken] db in
            let filter = Self.filter(query, tenant, now)
            let total = try Int.fetchOne(
                db, sql: "SELECT count(*) FROM sandbox WHERE \(filter.sql)", arguments: filter.arguments)
            var page = filter
            if let token = query.pageToken { page.append(after: try PageToken(token), query.newestFirst) }
            let direction = query.newestFirst ? "DESC" : "ASC"
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(SandboxRow.columns) FROM sandbox WHERE \(page.sql)
                    ORDER BY created_at \(direction), id \(direction) LIMIT ?
                    """,
                arguments: page.arguments + [query.limit + 1])
            let records = try rows.prefix(query.limit).map { try SandboxRow.record($0, accessToken: accessToken) }
            let hasMore = rows.count > query.limit
            return SandboxPage(
                sandboxes: records, nextToken: hasMore ? records.last.map { PageToken(after: $0).text } : nil,
                totalRunning: total ?? 0)
        }
    }

    /// Every sandbox that is not over, of all tenants: what the reconciler compares with the backend.
    public func unfinished() async throws(StoreError) -> [UnfinishedSandbox] {
        try await database.read { [accessToken] db in
            try Row.fetchAll(
                db, sql: "SELECT \(SandboxRow.columns), idempotency_key FROM sandbox WHERE state <> 'ended'"
            ).map {
                UnfinishedSandbox(
                    record: try SandboxRow.record($0, accessToken: accessToken),
                    mayBeAskedForAgain: $0["idempotency_key"] as String? != nil)
            }
        }
    }

    /// Forgets sandboxes that ended before `moment`, and of the rest all but the newest `count`, with all their events
    /// and metrics. At most `batch` of them in one transaction.
    /// - Returns: how many were forgotten.
    public func forget(
        endedBefore moment: Timestamp, keeping count: Int, batch: Int = 500
    ) async throws(StoreError) -> Int {
        try await database.write { db in
            try db.execute(
                sql: """
                    DELETE FROM sandbox WHERE id IN (
                        SELECT id FROM sandbox WHERE state = 'ended' AND (ends_at < ? OR ends_at <= (
                            SELECT ends_at FROM sandbox WHERE state = 'ended' ORDER BY ends_at DESC
                            LIMIT 1 OFFSET ?))
                        LIMIT ?)
                    """,
                arguments: [moment.unixMilliseconds, count, batch])
            return db.changesCount
        }
    }

    private struct Filter {
        var sql: String
        var arguments: StatementArguments

        mutating func append(_ condition: String, _ more: StatementArguments) {
            sql += " AND " + condition
            arguments += more
        }

        mutating func append(after token: PageToken, _ newestFirst: Bool) {
            append(
                "(created_at, id) \(newestFirst ? "<" : ">") (?, ?)",
                [token.createdAt.unixMilliseconds, token.id.text])
        }
    }

    private static func filter(_ query: SandboxQuery, _ tenant: TenantID, _ now: Timestamp) -> Filter {
        var filter = Filter(
            sql: "tenant = ? AND state = 'running' AND ends_at > ? AND \(isVisible)",
            arguments: [tenant.text, now.unixMilliseconds])
        if let moment = query.startedAfter { filter.append("created_at >= ?", [moment.unixMilliseconds]) }
        if let template = query.templateID {
            filter.append("(template_id = ? OR template_alias = ?)", [template, template])
        }
        for (name, value) in query.metadata.sorted(by: { $0.key < $1.key }) {
            filter.append(
                "EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ? AND value = ?)", [name, value])
        }
        return filter
    }
}

/// A sandbox whose row is not closed.
public struct UnfinishedSandbox: Sendable, Hashable {
    public var record: SandboxRecord
    /// Its creation carried an idempotency key: whoever asked for it may ask again.
    public var mayBeAskedForAgain: Bool

    public init(record: SandboxRecord, mayBeAskedForAgain: Bool) {
        self.record = record
        self.mayBeAskedForAgain = mayBeAskedForAgain
    }
}
