import Persistence
import SandboxModel
import Synchronization

/// Makes, lists, revokes and checks API keys. `cache` guards itself and is never held across an `await`.
public final class KeyService: Sendable {
    public static let nameLengthLimit = 128

    private let store: KeyStore
    private let clock: any WallClock
    private let cache = Mutex(KeyCache())

    public init(_ store: KeyStore, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Makes a key for the tenant, and the tenant if this is its first.
    /// - Returns: the key, which nobody can read again, and what is stored of it.
    public func create(
        name: String, for tenant: TenantID
    ) async throws(StoreError) -> (key: APIKey, stored: StoredKey) {
        guard name.utf8.count <= Self.nameLengthLimit else {
            throw .refused(.tooLong(field: "name", length: name.utf8.count, limit: Self.nameLengthLimit))
        }
        let key = APIKey()
        let stored = StoredKey(
            id: "key-" + String(Hex.text(key.hash).prefix(12)), tenant: tenant, name: name, hash: key.hash,
            mask: key.mask, createdAt: clock.now)
        try await store.add(stored)
        return (key, stored)
    }

    public func list(of tenant: TenantID) async throws(StoreError) -> [StoredKey] {
        try await store.all(of: tenant)
    }

    /// The key is refused from now on in this process, and within `KeyCache.lifetime` in others.
    /// - Returns: nil if the tenant has no key of that id.
    @discardableResult
    public func revoke(_ id: String, of tenant: TenantID) async throws(StoreError) -> StoredKey? {
        let revoked = try await store.revoke(id, of: tenant, at: clock.now)
        if revoked != nil { cache.withLock { $0.remove(keyID: id) } }
        return revoked
    }

    /// Who shows this text as a key.
    /// - Returns: nil for what is no key, an unknown one or a revoked one.
    public func authenticate(_ text: String) async throws(StoreError) -> Principal? {
        guard let key = APIKey(text) else { return nil }
        let hash = key.hash
        if let principal = cache.withLock({ $0.principal(hash: hash, at: .now) }) { return principal }
        // From before the read: a revocation that comes meanwhile must not be outlived.
        let asked = ContinuousClock.now
        guard let stored = try await store.active(hash: hash), ConstantTime.areEqual(stored.hash, hash) else {
            return nil
        }
        let principal = Principal(tenant: stored.tenant, keyID: stored.id)
        cache.withLock { $0.insert(principal, hash: hash, at: asked) }
        return principal
    }
}
