import SandboxModel

/// A sandbox as create, connect and resume answer it.
struct SandboxResponse: Encodable, Hashable {
    /// The agent whose wire the server speaks for a sandbox; clients turn features on by it.
    static let envdVersion = "0.6.13"
    /// A field of the first version that clients require and nobody reads.
    static let clientID = "nestbox"

    let templateID: String
    let sandboxID: String
    let clientID = Self.clientID
    let envdVersion = Self.envdVersion
    let alias: String?
    let envdAccessToken: String
    let domain: String?

    init(_ record: SandboxRecord, domain: String?) {
        templateID = record.templateID
        sandboxID = record.id.text
        alias = record.templateAlias
        envdAccessToken = record.accessToken
        self.domain = domain
    }
}
