/// A contiguous range of the host's user ids that belongs to one family, cut into slots of one sandbox each. Slot 0 is
/// the family's own: its first process runs there, so that no sandbox shares an id with it.
public struct FamilyBlock: Sendable, Hashable {
    /// Ids below are left to the host's own users and to other tools' subordinate ids.
    public static let firstID: UInt32 = 0x3000_0000
    public static let idsPerSlot: UInt32 = 1 << 16
    public static let slotsPerBlock: UInt32 = 512
    public static let idsPerBlock = idsPerSlot * slotsPerBlock
    public static let blockCount = 96
    public static let slotRange = 1..<Int(slotsPerBlock)

    public let index: Int

    /// `nil` outside `0..<blockCount`.
    public init?(index: Int) {
        guard (0..<Self.blockCount).contains(index) else { return nil }
        self.index = index
    }

    /// The block whose cgroup has this name.
    public init?(cgroupName: String) {
        guard cgroupName.hasPrefix("f"), let index = Int(cgroupName.dropFirst()),
            cgroupName == "f\(index)"
        else { return nil }
        self.init(index: index)
    }

    public var cgroupName: String { "f\(index)" }

    /// The family's id 0 as the host knows it.
    public var firstHostID: UInt32 { Self.firstID + UInt32(index) * Self.idsPerBlock }

    /// A slot's first id, in the family's numbers.
    public static func firstID(ofSlot slot: Int) -> UInt32 { UInt32(slot) * idsPerSlot }

    /// The slot whose first id the host knows as `hostID`; `nil` if it is not one of this block.
    public func slot(ofHostID hostID: UInt32) -> Int? {
        guard hostID >= firstHostID, (hostID - firstHostID) % Self.idsPerSlot == 0 else { return nil }
        let slot = Int((hostID - firstHostID) / Self.idsPerSlot)
        return Self.slotRange.contains(slot) ? slot : nil
    }
}
