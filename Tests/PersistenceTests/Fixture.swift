import Foundation
import SandboxModel

@testable import Persistence

/// Lends a database in a directory of its own; both are gone afterwards.
@discardableResult
func withTemporaryDatabase<Result>(
    _ body: (Persistence.Database, String) async throws -> Result
) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("nestbox-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }  // a directory in /tmp that stays is no failure
    let path = directory.appendingPathComponent("test.sqlite").path
    return try await body(try await Database.open(at: path), path)
}

/// Lends a database with tenants `a` and `b`.
@discardableResult
func withSandboxes<Result>(_ body: (SandboxStore, Persistence.Database) async throws -> Result) async throws -> Result {
    try await withTemporaryDatabase { database, _ in
        for tenant in ["a", "b"] {
            try await KeyStore(database).add(
                StoredKey(
                    id: "key-\(tenant)", tenant: try TenantID(tenant), name: "",
                    hash: Array((tenant + String(repeating: ".", count: 31)).utf8), mask: "",
                    createdAt: .test(0)))
        }
        return try await body(SandboxStore(database) { "token of \($0)" }, database)
    }
}

extension Timestamp {
    /// So many seconds after some moment.
    static func test(_ seconds: Int64) -> Timestamp {
        Timestamp(unixMilliseconds: 1_800_000_000_000 + seconds * 1000)
    }
}

extension SandboxRecord {
    static func test(
        _ id: String, tenant: String = "a", createdAt: Timestamp = .test(0), seconds: Int64 = 300,
        metadata: [String: String] = [:], environment: [String: String] = [:], template: String = "base"
    ) throws -> SandboxRecord {
        SandboxRecord(
            id: try SandboxID(id), tenant: try TenantID(tenant), templateID: template, templateAlias: "alias",
            state: .starting, endReason: nil, createdAt: createdAt,
            endsAt: Timestamp(unixMilliseconds: createdAt.unixMilliseconds + seconds * 1000), metadata: metadata,
            environment: environment,
            limits: try ResourceLimits(cpuCount: 2, memoryMiB: 512, diskMiB: 1024, inodes: 4096),
            defaultUser: "user", defaultWorkingDirectory: "/w", network: .isolated,
            accessToken: "token of \(id)", generation: 1)
    }
}

extension SandboxStore {
    @discardableResult
    func run(_ record: SandboxRecord, key: String? = nil) async throws -> SandboxRecord {
        _ = try await admit(Admission(record: record, idempotencyKey: key), limit: 1000)
        return try await commit(running: record)
    }
}
