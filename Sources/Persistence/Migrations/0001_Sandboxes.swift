import GRDB

extension Migrations {
    /// The first schema. Moments are milliseconds since 1970, maps are JSON objects of texts.
    static func createSandboxTables(_ db: GRDB.Database) throws {
        try db.execute(sql: tenantTables)
        try db.execute(sql: sandboxTable)
        try db.execute(sql: historyTables)
    }

    private static let tenantTables = """
        CREATE TABLE installation (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tenant (
            id TEXT PRIMARY KEY,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE api_key (
            id TEXT PRIMARY KEY,
            tenant TEXT NOT NULL REFERENCES tenant(id),
            name TEXT NOT NULL,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            mask TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """

    private static let sandboxTable = """
        CREATE TABLE sandbox (
            id TEXT PRIMARY KEY,
            tenant TEXT NOT NULL REFERENCES tenant(id),
            template_id TEXT NOT NULL,
            template_alias TEXT,
            state TEXT NOT NULL CHECK (state IN ('starting', 'running', 'ended')),
            end_reason TEXT CHECK ((end_reason IS NOT NULL) = (state = 'ended')),
            created_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            time_to_live INTEGER NOT NULL,
            metadata TEXT NOT NULL,
            environment TEXT NOT NULL,
            cpu_count INTEGER NOT NULL,
            memory_mib INTEGER NOT NULL,
            disk_mib INTEGER NOT NULL,
            inodes INTEGER NOT NULL,
            processes INTEGER NOT NULL,
            open_files INTEGER NOT NULL,
            default_user TEXT NOT NULL,
            default_working_directory TEXT,
            network TEXT NOT NULL,
            generation INTEGER NOT NULL,
            idempotency_key TEXT
        ) STRICT;

        CREATE INDEX sandbox_page ON sandbox (tenant, state, created_at, id);
        CREATE INDEX sandbox_alive ON sandbox (tenant) WHERE state <> 'ended';
        CREATE INDEX sandbox_over ON sandbox (ends_at) WHERE state = 'ended';
        CREATE UNIQUE INDEX sandbox_idempotency ON sandbox (tenant, idempotency_key)
            WHERE idempotency_key IS NOT NULL;
        """

    private static let historyTables = """
        CREATE TABLE sandbox_event (
            sandbox TEXT NOT NULL REFERENCES sandbox(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant(id),
            at INTEGER NOT NULL,
            level INTEGER NOT NULL,
            message TEXT NOT NULL,
            fields TEXT NOT NULL,
            PRIMARY KEY (sandbox, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX sandbox_event_time ON sandbox_event (sandbox, at, number);

        CREATE TABLE sandbox_metric (
            sandbox TEXT NOT NULL REFERENCES sandbox(id) ON DELETE CASCADE,
            slot INTEGER NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant(id),
            at INTEGER NOT NULL,
            cpu_count INTEGER NOT NULL,
            cpu_used_percent REAL NOT NULL,
            memory_used INTEGER NOT NULL,
            memory_total INTEGER NOT NULL,
            memory_cache INTEGER NOT NULL,
            disk_used INTEGER NOT NULL,
            disk_total INTEGER NOT NULL,
            PRIMARY KEY (sandbox, slot)
        ) STRICT, WITHOUT ROWID;
        """
}
