/// What a sandbox is to be, every default filled in and every limit checked. A value that exists is valid.
public struct SandboxSpec: Sendable, Hashable {
    /// One day, as long as E2B's largest plan allows.
    public static let timeToLiveRange = 1...86_400
    public static let metadataCountLimit = 64
    public static let environmentCountLimit = 1024
    /// Of one name or value, in bytes.
    public static let textLimit = 32 << 10

    public let template: Template
    /// From creation to its end, unless extended.
    public let timeToLive: Duration
    public let metadata: [String: String]
    public let environment: [String: String]
    public let network: NetworkPolicy

    /// - Throws: `SpecError` naming `timeout`, `metadata` or `envVars`.
    public init(
        template: Template, timeToLiveSeconds: Int, metadata: [String: String], environment: [String: String],
        network: NetworkPolicy = .isolated
    ) throws(SpecError) {
        guard Self.timeToLiveRange.contains(timeToLiveSeconds) else {
            throw .outOfRange(field: "timeout", value: timeToLiveSeconds, allowed: Self.timeToLiveRange)
        }
        try Self.check(metadata, field: "metadata", countLimit: Self.metadataCountLimit)
        try Self.check(environment, field: "envVars", countLimit: Self.environmentCountLimit)
        for name in environment.keys where name.isEmpty || name.utf8.contains(0x3d) {
            throw .malformed(field: "envVars", value: name, allowed: "a variable's name: not empty, no '='")
        }
        self.template = template
        self.timeToLive = .seconds(timeToLiveSeconds)
        self.metadata = metadata
        self.environment = environment
        self.network = network
    }

    private static func check(
        _ pairs: [String: String], field: String, countLimit: Int
    ) throws(SpecError) {
        guard pairs.count <= countLimit else { throw .tooLong(field: field, length: pairs.count, limit: countLimit) }
        for text in pairs.flatMap({ [$0.key, $0.value] }) {
            guard text.utf8.count <= textLimit else {
                throw .tooLong(field: field, length: text.utf8.count, limit: textLimit)
            }
            guard !text.utf8.contains(0) else {
                throw .malformed(field: field, value: text, allowed: "text without NUL bytes")
            }
        }
    }
}

/// Where a sandbox may connect to.
public enum NetworkPolicy: String, Sendable, Hashable {
    /// Nowhere, not even to a name server: the sandbox has `lo` and nothing else.
    case isolated
}
