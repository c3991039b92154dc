/// One thing that the host can or cannot do, found out by trying it.
public struct HostProbe: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case available(String)
        /// Why not, and what a person can do about it.
        case missing(reason: String, mend: String)
    }

    public let name: String
    public let outcome: Outcome

    public var isAvailable: Bool {
        if case .available = outcome { return true }
        return false
    }

    public init(_ name: String, _ outcome: Outcome) {
        self.name = name
        self.outcome = outcome
    }
}

/// Whether one isolation level can be used on this host.
public struct HostLevel: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case available(String)
        case missing(reason: String, mend: String)
        /// Nestbox itself has no such level yet.
        case pending(String)
    }

    public let name: String
    public let outcome: Outcome
}
