/// One line of a sandbox's log.
public struct SandboxEvent: Sendable, Hashable {
    public enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warn, error

        public static func < (left: Level, right: Level) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    public var at: Timestamp
    public var level: Level
    public var message: String
    public var fields: [String: String]

    public init(at: Timestamp, level: Level, message: String, fields: [String: String] = [:]) {
        self.at = at
        self.level = level
        self.message = message
        self.fields = fields
    }
}

/// Which lines, and in which order.
public struct EventQuery: Sendable, Hashable {
    public static let limitRange = 1...1000

    /// Only lines at or after it (before it, if `newestFirst`).
    public var cursor: Timestamp?
    public var limit: Int
    public var newestFirst: Bool
    public var minimumLevel: SandboxEvent.Level
    /// Only lines whose message holds this text.
    public var search: String?

    public init(
        cursor: Timestamp? = nil, limit: Int = 1000, newestFirst: Bool = false,
        minimumLevel: SandboxEvent.Level = .debug, search: String? = nil
    ) throws(SpecError) {
        guard Self.limitRange.contains(limit) else {
            throw .outOfRange(field: "limit", value: limit, allowed: Self.limitRange)
        }
        self.cursor = cursor
        self.limit = limit
        self.newestFirst = newestFirst
        self.minimumLevel = minimumLevel
        self.search = search
    }
}
