/// Keys that were pressed and nobody has taken yet.
struct TypeAhead: Hashable, Sendable {
    /// In keys; those that come then are lost, but no interruption is.
    static let limit = 4096

    private var keys: [Key] = []

    mutating func add(_ more: [Key]) {
        let room = max(0, Self.limit - keys.count)
        keys += more.prefix(room) + more.dropFirst(room).filter { $0 == .interrupt }.prefix(1)
    }

    mutating func next() -> Key? {
        keys.isEmpty ? nil : keys.removeFirst()
    }

    /// An interruption also takes back what was typed before and behind it.
    mutating func takeInterruption() -> Bool {
        guard keys.contains(.interrupt) else { return false }
        keys = []
        return true
    }
}
