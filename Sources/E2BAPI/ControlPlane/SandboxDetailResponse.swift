import SandboxModel

/// A sandbox as `GET /sandboxes/{sandboxID}` shows it: what a list shows, and what only its owner needs.
struct SandboxDetailResponse: Encodable {
    struct Lifecycle: Encodable, Hashable {
        let autoResume = false
        let onTimeout = "kill"
    }

    private enum Key: String, CodingKey {
        case envdAccessToken, allowInternetAccess, domain, lifecycle
    }

    let listed: ListedSandboxResponse
    let envdAccessToken: String
    let allowInternetAccess: Bool
    let domain: String?
    let lifecycle = Lifecycle()

    init(_ record: SandboxRecord, domain: String?) {
        listed = ListedSandboxResponse(record)
        envdAccessToken = record.accessToken
        allowInternetAccess =
            switch record.network {
            case .isolated: false
            }
        self.domain = domain
    }

    func encode(to encoder: any Encoder) throws {
        try listed.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(envdAccessToken, forKey: .envdAccessToken)
        try container.encode(allowInternetAccess, forKey: .allowInternetAccess)
        try container.encodeIfPresent(domain, forKey: .domain)
        try container.encode(lifecycle, forKey: .lifecycle)
    }
}
