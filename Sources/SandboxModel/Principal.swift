/// Who asks: the tenant behind an API key.
public struct Principal: Sendable, Hashable {
    public let tenant: TenantID
    /// The key's own id, for the record; never the key.
    public let keyID: String

    public init(tenant: TenantID, keyID: String) {
        self.tenant = tenant
        self.keyID = keyID
    }
}
