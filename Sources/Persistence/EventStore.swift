import GRDB
import SandboxModel

/// A line of a sandbox's log on its way to the store.
public struct PendingEvent: Sendable, Hashable {
    public var sandbox: SandboxID
    public var event: SandboxEvent

    public init(sandbox: SandboxID, event: SandboxEvent) {
        self.sandbox = sandbox
        self.event = event
    }
}

/// The sandboxes' logs: of each the newest `perSandboxLimit` lines.
public struct EventStore: Sendable {
    public static let perSandboxLimit: Int64 = 10_000

    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// Adds the lines, in order, in one transaction. Lines of sandboxes that are not in the store are left out.
    public func append(_ events: [PendingEvent]) async throws(StoreError) {
        guard !events.isEmpty else { return }
        try await database.write { db in
            for (sandbox, lines) in Dictionary(grouping: events, by: \.sandbox) {
                try Self.append(lines, to: sandbox, in: db)
            }
        }
    }

    public func events(
        of sandbox: SandboxID, tenant: TenantID, _ query: EventQuery
    ) async throws(StoreError) -> [SandboxEvent] {
        let (comparison, direction) = query.newestFirst ? ("<", "DESC") : (">=", "ASC")
        var sql = "SELECT at, level, message, fields FROM sandbox_event WHERE sandbox = ? AND tenant = ?"
        var arguments: StatementArguments = [sandbox.text, tenant.text]
        if let cursor = query.cursor {
            sql += " AND at \(comparison) ?"
            arguments += [cursor.unixMilliseconds]
        }
        if query.minimumLevel > .debug {
            sql += " AND level >= ?"
            arguments += [Self.number(query.minimumLevel)]
        }
        if let search = query.search, !search.isEmpty {
            sql += " AND instr(message, ?) > 0"
            arguments += [search]
        }
        sql += " ORDER BY at \(direction), number \(direction) LIMIT ?"
        arguments += [query.limit]
        return try await database.read { [sql, arguments] db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map(Self.event)
        }
    }

    private static func append(_ lines: [PendingEvent], to sandbox: SandboxID, in db: GRDB.Database) throws {
        guard let owner = try db.first("SELECT tenant FROM sandbox WHERE id = ?", [sandbox.text]) else { return }
        let tenant: String = owner["tenant"]
        let last = try db.first("SELECT max(number) FROM sandbox_event WHERE sandbox = ?", [sandbox.text])
        var number: Int64 = last?[0] ?? 0
        for line in lines.suffix(Int(perSandboxLimit)) {
            number += 1
            try db.run(
                """
                INSERT INTO sandbox_event (sandbox, number, tenant, at, level, message, fields)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    sandbox.text, number, tenant, line.event.at.unixMilliseconds, Self.number(line.event.level),
                    line.event.message, try TextMap.text(line.event.fields),
                ])
        }
        try db.run(
            "DELETE FROM sandbox_event WHERE sandbox = ? AND number <= ?", [sandbox.text, number - perSandboxLimit])
    }

    private static func number(_ level: SandboxEvent.Level) -> Int {
        SandboxEvent.Level.allCases.firstIndex(of: level) ?? 0
    }

    private static func event(_ row: Row) throws -> SandboxEvent {
        let levels = SandboxEvent.Level.allCases
        let number: Int = row["level"]
        guard levels.indices.contains(number) else {
            throw StoreError.malformedRow(table: "sandbox_event", column: "level")
        }
        return SandboxEvent(
            at: Timestamp(unixMilliseconds: row["at"]), level: levels[number], message: row["message"],
            fields: try TextMap.map(row["fields"], table: "sandbox_event", column: "fields"))
    }
}
