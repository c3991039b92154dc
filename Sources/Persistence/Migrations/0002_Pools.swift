import GRDB

extension Migrations {
    /// Pools of ready sandboxes, and which sandboxes have to do with them.
    static func createPools(_ db: GRDB.Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE pool (
                    tenant TEXT NOT NULL REFERENCES tenant(id),
                    template_id TEXT NOT NULL,
                    minimum INTEGER NOT NULL,
                    maximum INTEGER NOT NULL,
                    acquire_timeout INTEGER NOT NULL,
                    PRIMARY KEY (tenant, template_id)
                ) STRICT, WITHOUT ROWID;

                ALTER TABLE sandbox ADD COLUMN pool TEXT CHECK (pool IN ('pooled', 'handed'));
                """)
    }
}
