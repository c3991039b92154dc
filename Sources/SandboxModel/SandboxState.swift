/// Where a sandbox is in its life. Moves only forward.
public enum SandboxState: String, Sendable, Hashable {
    /// Admitted; being made, or left half-made by a crash.
    case starting
    case running
    /// Over; `SandboxEndReason` says why.
    case ended
}

/// Why a sandbox is no more.
public enum SandboxEndReason: String, Sendable, Hashable {
    case killed
    case expired
    case outOfMemory
    /// Its first process ended, or spoke nonsense.
    case crashed
    /// It could not be started.
    case failed
    /// The host or the spawner lost it: after a reboot, say.
    case lost
}

/// What a sandbox has to do with its tenant's pool, if anything.
public enum PoolPlace: String, Sendable, Hashable {
    /// Ready, or being made for it; nobody has been given it, and nobody but the pool sees it.
    case pooled
    /// Somebody's. It counts for the pool's maximum until it ends, and never goes back.
    case handed
}

/// One sandbox as the store knows it.
public struct SandboxRecord: Sendable, Hashable {
    public var id: SandboxID
    public var tenant: TenantID
    public var templateID: String
    public var templateAlias: String?
    public var state: SandboxState
    public var endReason: SandboxEndReason?
    public var createdAt: Timestamp
    /// When it is to end, or did.
    public var endsAt: Timestamp
    public var metadata: [String: String]
    public var environment: [String: String]
    public var limits: ResourceLimits
    public var defaultUser: String
    public var defaultWorkingDirectory: String?
    public var network: NetworkPolicy
    /// What a client shows to the sandbox's envd (`X-Access-Token`); derived from the installation's key, never stored.
    public var accessToken: String
    /// Raised by every change; a write that carries an older one is refused.
    public var generation: Int64
    /// nil for one that no pool has to do with.
    public var pool: PoolPlace?

    public init(
        id: SandboxID, tenant: TenantID, templateID: String, templateAlias: String?, state: SandboxState,
        endReason: SandboxEndReason?, createdAt: Timestamp, endsAt: Timestamp, metadata: [String: String],
        environment: [String: String], limits: ResourceLimits, defaultUser: String,
        defaultWorkingDirectory: String?, network: NetworkPolicy, accessToken: String, generation: Int64,
        pool: PoolPlace? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.templateID = templateID
        self.templateAlias = templateAlias
        self.state = state
        self.endReason = endReason
        self.createdAt = createdAt
        self.endsAt = endsAt
        self.metadata = metadata
        self.environment = environment
        self.limits = limits
        self.defaultUser = defaultUser
        self.defaultWorkingDirectory = defaultWorkingDirectory
        self.network = network
        self.accessToken = accessToken
        self.generation = generation
        self.pool = pool
    }
}
