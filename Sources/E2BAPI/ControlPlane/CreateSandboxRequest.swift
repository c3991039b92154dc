import FoundationEssentials
import SandboxModel

/// The body of `POST /sandboxes` and `POST /v2/sandboxes`.
///
/// What this version cannot do is refused by name; what is its only behaviour may be asked for. A sandbox has no way
/// out, so that every wish for less network is granted. `allow_internet_access: true` is accepted too, because older
/// clients always send it: the sandbox gets less than allowed, never more, and says so in `allowInternetAccess`.
struct CreateSandboxRequest: Decodable, Hashable {
    /// Seconds, where the request says nothing.
    static let defaultTimeout = 300
    /// The same for clients of the first version.
    static let legacyDefaultTimeout = 15

    let templateID: String
    private let timeout: WholeNumber?
    let metadata: [String: String]?
    let envVars: [String: String]?
    private let autoPause: Bool?
    private let autoPauseMemory: Bool?
    private let autoResume: AutoResume?
    private let network: NetworkRequest?
    private let mcp: Presence?
    private let iam: Workload?
    private let volumeMounts: [Presence]?

    private struct AutoResume: Decodable, Hashable {
        let enabled: Bool?
    }

    private struct Workload: Decodable, Hashable {
        let tokens: [String: Presence]?
    }

    /// - Throws: `APIError.pending` naming the first field that asks for what this version cannot do.
    func refuseWhatIsPending() throws {
        if autoPause == true { throw APIError.pending("autoPause") }
        if autoPauseMemory == false { throw APIError.malformed("autoPauseMemory: false without autoPause") }
        if autoResume?.enabled == true { throw APIError.pending("autoResume") }
        try network?.refuseWhatIsPending()
        if mcp != nil { throw APIError.pending("mcp") }
        if iam?.tokens?.isEmpty == false { throw APIError.pending("iam") }
        if volumeMounts?.isEmpty == false { throw APIError.pending("volumeMounts") }
    }

    func spec(template: Template, defaultTimeout: Int) throws(SpecError) -> SandboxSpec {
        try SandboxSpec(
            template: template, timeToLiveSeconds: timeout?.value ?? defaultTimeout, metadata: metadata ?? [:],
            environment: envVars ?? [:])
    }
}

/// A value that only counts by being there.
struct Presence: Decodable, Hashable {
    init() {}

    init(from decoder: any Decoder) throws {}
}

/// The `network` of a create request. Everything that narrows what a sandbox may reach holds already.
struct NetworkRequest: Decodable, Hashable {
    private let allowOut: [String]?
    private let dnsServers: [String]?
    private let egressProxy: Presence?
    private let allowPublicTraffic: Bool?
    private let maskRequestHost: String?
    private let httpsPorts: [Int]?
    private let rules: [String: Presence]?

    func refuseWhatIsPending() throws {
        if allowOut?.isEmpty == false { throw APIError.pending("network.allowOut") }
        if dnsServers?.isEmpty == false { throw APIError.pending("network.dnsServers") }
        if egressProxy != nil { throw APIError.pending("network.egressProxy") }
        if allowPublicTraffic == false { throw APIError.pending("network.allowPublicTraffic: false") }
        if maskRequestHost?.isEmpty == false { throw APIError.pending("network.maskRequestHost") }
        if httpsPorts?.isEmpty == false { throw APIError.pending("network.httpsPorts") }
        if rules?.isEmpty == false { throw APIError.pending("network.rules") }
    }
}
