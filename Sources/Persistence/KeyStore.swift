import Foundation
import GRDB
import SandboxModel

/// One API key as the store knows it: never the key, only its hash.
public struct StoredKey: Sendable, Hashable {
    public var id: String
    public var tenant: TenantID
    public var name: String
    /// SHA-256 of the key's text.
    public var hash: [UInt8]
    /// Enough of the key for a person to know it again.
    public var mask: String
    public var createdAt: Timestamp
    public var revokedAt: Timestamp?

    public init(
        id: String, tenant: TenantID, name: String, hash: [UInt8], mask: String, createdAt: Timestamp,
        revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.name = name
        self.hash = hash
        self.mask = mask
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }
}

/// Tenants and their API keys.
public struct KeyStore: Sendable {
    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// Adds the key, and its tenant if this is its first.
    public func add(_ key: StoredKey) async throws(StoreError) {
        try await database.write { db in
            try db.execute(
                sql: "INSERT INTO tenant (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [key.tenant.text, key.createdAt.unixMilliseconds])
            try db.execute(
                sql: """
                    INSERT INTO api_key (id, tenant, name, hash, mask, created_at) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.id, key.tenant.text, key.name, Data(key.hash), key.mask, key.createdAt.unixMilliseconds,
                ])
        }
    }

    /// The key with that hash, unless it was revoked.
    public func active(hash: [UInt8]) async throws(StoreError) -> StoredKey? {
        try await database.read { db in
            try db.first("SELECT * FROM api_key WHERE hash = ? AND revoked_at IS NULL", [Data(hash)]).map(Self.key)
        }
    }

    /// A tenant's keys, revoked ones too, oldest first.
    public func all(of tenant: TenantID) async throws(StoreError) -> [StoredKey] {
        try await database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM api_key WHERE tenant = ? ORDER BY created_at, id",
                arguments: [tenant.text]
            ).map(Self.key)
        }
    }

    /// - Returns: the key as it is now, or nil if the tenant has none of that id. Revoking twice keeps the first
    /// moment.
    public func revoke(_ id: String, of tenant: TenantID, at now: Timestamp) async throws(StoreError) -> StoredKey? {
        try await database.write { db in
            try db.execute(
                sql: """
                    UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND tenant = ?
                    """,
                arguments: [now.unixMilliseconds, id, tenant.text])
            return try Row.fetchOne(
                db, sql: "SELECT * FROM api_key WHERE id = ? AND tenant = ?", arguments: [id, tenant.text]
            ).map(Self.key)
        }
    }

    private static func key(_ row: Row) throws -> StoredKey {
        StoredKey(
            id: row["id"], tenant: try TenantID(row["tenant"]), name: row["name"],
            hash: Array(row["hash"] as Data), mask: row["mask"],
            createdAt: Timestamp(unixMilliseconds: row["created_at"]),
            revokedAt: (row["revoked_at"] as Int64?).map(Timestamp.init(unixMilliseconds:)))
    }
}
