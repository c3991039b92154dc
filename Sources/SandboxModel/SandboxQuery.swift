/// Which of a tenant's sandboxes to list.
public struct SandboxQuery: Sendable, Hashable {
    public static let limitRange = 1...100

    public var metadata: [String: String]
    /// Running ones only, in this version; an empty page if false.
    public var includesRunning: Bool
    public var newestFirst: Bool
    public var startedAfter: Timestamp?
    public var templateID: String?
    /// From the page before; opaque.
    public var pageToken: String?
    public var limit: Int

    public init(
        metadata: [String: String] = [:], includesRunning: Bool = true, newestFirst: Bool = true,
        startedAfter: Timestamp? = nil, templateID: String? = nil, pageToken: String? = nil, limit: Int = 100
    ) throws(SpecError) {
        guard Self.limitRange.contains(limit) else {
            throw .outOfRange(field: "limit", value: limit, allowed: Self.limitRange)
        }
        self.metadata = metadata
        self.includesRunning = includesRunning
        self.newestFirst = newestFirst
        self.startedAfter = startedAfter
        self.templateID = templateID
        self.pageToken = pageToken
        self.limit = limit
    }
}

public struct SandboxPage: Sendable, Hashable {
    public var sandboxes: [SandboxRecord]
    /// nil on the last page.
    public var nextToken: String?
    public var totalRunning: Int

    public init(sandboxes: [SandboxRecord], nextToken: String?, totalRunning: Int) {
        self.sandboxes = sandboxes
        self.nextToken = nextToken
        self.totalRunning = totalRunning
    }
}
