/// What was entered before, and the way back and forth through it. Whatever is changed on the way is forgotten when
/// the next line begins, except for the line that was being typed.
struct InputHistory: Hashable, Sendable {
    static let entryLimit = 1000

    private(set) var entries: [String]
    /// The entry that is being looked at; at the end it is the line that is being typed.
    private var place: Int
    private var draft = ""

    init(_ entries: [String] = []) {
        self.entries = entries.suffix(Self.entryLimit)
        place = self.entries.count
    }

    /// Goes back to the end.
    /// - Returns: whether it was kept: nothing blank is, and no repetition of the one before.
    @discardableResult
    mutating func add(_ entry: String) -> Bool {
        defer { (place, draft) = (entries.count, "") }
        guard entry.contains(where: { !$0.isWhitespace }), entry != entries.last else { return false }
        entries = (entries + [entry]).suffix(Self.entryLimit)
        return true
    }

    /// - Parameter text: what stands in the line now.
    /// - Returns: nil at the beginning.
    mutating func previous(_ text: String) -> String? {
        guard place > 0 else { return nil }
        if place == entries.count { draft = text }
        place -= 1
        return entries[place]
    }

    /// - Returns: nil at the end.
    mutating func next() -> String? {
        guard place < entries.count else { return nil }
        place += 1
        return place == entries.count ? draft : entries[place]
    }

    mutating func returnToEnd() {
        (place, draft) = (entries.count, "")
    }
}
