import SandboxModel

/// Keys that proved good a moment ago, by hash: a request in the steady state costs no database read. Entries are short
/// lived, so that a key revoked by another process (`nestbox key revoke`) is refused soon after.
struct KeyCache {
    static let lifetime: Duration = .seconds(2)
    static let countLimit = 1024

    private struct Entry {
        let principal: Principal
        let expires: ContinuousClock.Instant
    }

    private var entries: [[UInt8]: Entry] = [:]

    var count: Int { entries.count }

    func principal(hash: [UInt8], at now: ContinuousClock.Instant) -> Principal? {
        guard let entry = entries[hash], now < entry.expires else { return nil }
        return entry.principal
    }

    mutating func insert(_ principal: Principal, hash: [UInt8], at now: ContinuousClock.Instant) {
        if entries.count >= Self.countLimit { entries = entries.filter { now < $0.value.expires } }
        // Still full: that many keys are in use at once. Starting over costs each of them one read.
        if entries.count >= Self.countLimit { entries = [:] }
        entries[hash] = Entry(principal: principal, expires: now + Self.lifetime)
    }

    mutating func remove(keyID: String) {
        entries = entries.filter { $0.value.principal.keyID != keyID }
    }
}
