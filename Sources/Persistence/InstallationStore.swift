import Foundation
import GRDB

/// What belongs to the installation as a whole, by name.
public struct InstallationStore: Sendable {
    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// The value of that name. If it is not there, what `make` gives becomes it: of two callers at once both get the
    /// same.
    public func value(
        named name: String, orElse make: @Sendable @escaping () -> [UInt8]
    ) async throws(StoreError) -> [UInt8] {
        try await database.write { db in
            let made = Data(make())
            try db.execute(
                sql: "INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [name, made])
            let stored = try Data.fetchOne(
                db, sql: "SELECT value FROM installation WHERE name = ?", arguments: [name])
            return Array(stored ?? made)
        }
    }
}
