import Foundation
import Persistence
import SandboxModel
import Testing

@testable import Auth

private struct StillClock: WallClock {
    let now = Timestamp(unixMilliseconds: 1_800_000_000_000)
}

/// Lends a service on a database of its own, and the way to a second one on the same file.
private func withKeys(_ body: (KeyService, String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("nestbox-\(UUID().uuidString).sqlite").path
    defer {
        // What stays in /tmp is no failure.
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
    try await body(KeyService(KeyStore(try await Database.open(at: path)), clock: StillClock()), path)
}

@Suite struct KeyServiceTests {
    @Test func `a key has E2B's form and opens its tenant's door`() async throws {
        try await withKeys { keys, _ in
            let (key, stored) = try await keys.create(name: "n", for: .default)
            #expect(key.secret.wholeMatch(of: /e2b_[0-9a-f]{40}/) != nil)
            #expect(try await keys.authenticate(key.secret) == Principal(tenant: .default, keyID: stored.id))
            #expect(try await keys.list(of: .default) == [stored])
        }
    }

    @Test func `neither the file nor a printed key holds the secret`() async throws {
        try await withKeys { keys, path in
            let (key, stored) = try await keys.create(name: "n", for: .default)
            let secret = Data(key.secret.dropFirst(APIKey.prefix.count).utf8)
            for suffix in ["", "-wal"] {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path + suffix))
                #expect(bytes.range(of: secret) == nil)
            }
            #expect(!"\(key) \(stored)".contains(key.secret))
        }
    }

    @Test(arguments: [
        "", "e2b_", "e2b_0123", "E2B_" + String(repeating: "0", count: 40), "e2b_" + String(repeating: "A", count: 40),
        "e2b_" + String(repeating: "0", count: 41), "e2b_" + String(repeating: "0", count: 40), "e2b_\0",
        "e2b_" + String(repeating: "é", count: 20),
    ])
    func `what is no key of ours opens nothing`(text: String) async throws {
        try await withKeys { keys, _ in
            _ = try await keys.create(name: "n", for: .default)
            #expect(try await keys.authenticate(text) == nil)
        }
    }

    @Test func `a revoked key is refused at once in this process`() async throws {
        try await withKeys { keys, _ in
            let (key, stored) = try await keys.create(name: "n", for: .default)
            #expect(try await keys.authenticate(key.secret) != nil)
            #expect(try await keys.revoke(stored.id, of: .default)?.revokedAt == StillClock().now)
            #expect(try await keys.authenticate(key.secret) == nil)
        }
    }

    @Test func `another tenant can neither list nor revoke a key`() async throws {
        try await withKeys { keys, _ in
            let (key, stored) = try await keys.create(name: "n", for: .default)
            let other = try TenantID("other")
            #expect(try await keys.list(of: other).isEmpty)
            #expect(try await keys.revoke(stored.id, of: other) == nil)
            #expect(try await keys.authenticate(key.secret) != nil)
        }
    }

    @Test func `a name over the limit is refused by its field`() async throws {
        try await withKeys { keys, _ in
            let name = String(repeating: "n", count: KeyService.nameLengthLimit + 1)
            await #expect(throws: StoreError.refused(.tooLong(field: "name", length: 129, limit: 128))) {
                try await keys.create(name: name, for: .default)
            }
        }
    }
}

@Suite struct KeyCacheTests {
    private let principal = Principal(tenant: .default, keyID: "k")

    @Test func `an entry is good for its lifetime and not longer`() {
        var cache = KeyCache()
        let now = ContinuousClock.now
        cache.insert(principal, hash: [1], at: now)
        #expect(cache.principal(hash: [1], at: now + .seconds(1)) == principal)
        #expect(cache.principal(hash: [1], at: now + KeyCache.lifetime) == nil)
        #expect(cache.principal(hash: [2], at: now) == nil)
    }

    @Test func `it never holds more than its limit`() {
        var cache = KeyCache()
        let now = ContinuousClock.now
        for number in 0..<(KeyCache.countLimit + 10) {
            cache.insert(principal, hash: [UInt8(number & 255), UInt8(number >> 8)], at: now)
        }
        #expect(cache.count <= KeyCache.countLimit)
    }
}

@Suite struct AccessTokensTests {
    @Test func `a token is its sandbox's alone and the same after a restart`() throws {
        let tokens = AccessTokens(key: [1, 2, 3])
        let (one, other) = (try SandboxID("i1"), try SandboxID("i2"))
        #expect(tokens.token(for: one).wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(tokens.token(for: one) == AccessTokens(key: [1, 2, 3]).token(for: one))
        #expect(tokens.token(for: one) != tokens.token(for: other))
        #expect(tokens.token(for: one) != AccessTokens(key: [1, 2, 4]).token(for: one))
        #expect(tokens.isToken(tokens.token(for: one), for: one))
        #expect(!tokens.isToken(tokens.token(for: one), for: other))
        #expect(!tokens.isToken("", for: one))
    }
}
