import GRDB

/// Every step from an empty file to today's schema, in order. To change a table: add a file `NNNN_what.swift` with one
/// function and register it here. A step that was released is never edited.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001_sandboxes", migrate: createSandboxTables)
        migrator.registerMigration("0002_pools", migrate: createPools)
        return migrator
    }
}
