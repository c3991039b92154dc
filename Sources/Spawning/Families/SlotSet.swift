/// Which slots of a block are free. A slot that was given back is the last to be given out again, so that an id that
/// somebody may still remember is not a new sandbox's at once.
public struct SlotSet: Sendable {
    private var free: [Int]
    private var next = 0
    private var taken: Set<Int> = []

    public init(_ range: Range<Int> = FamilyBlock.slotRange) {
        free = Array(range)
    }

    public var isFull: Bool { next == free.count }
    public var takenCount: Int { taken.count }

    /// `nil` if none is free.
    public mutating func take() -> Int? {
        while next < free.count {
            let slot = free[next]
            next += 1
            if taken.insert(slot).inserted { return slot }
        }
        return nil
    }

    /// Marks a slot that is in use already.
    /// - Returns: false if it was marked before.
    public mutating func claim(_ slot: Int) -> Bool {
        guard taken.insert(slot).inserted else { return false }
        free.removeAll { $0 == slot }
        next = min(next, free.count)
        return true
    }

    public mutating func give(back slot: Int) {
        guard taken.remove(slot) != nil else { return }
        free.append(slot)
        if next > Self.compactionLength {
            free.removeFirst(next)
            next = 0
        }
    }

    private static let compactionLength = 512
}
