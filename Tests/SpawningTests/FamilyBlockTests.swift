import Testing

@testable import Spawning

@Suite struct FamilyBlockTests {
    @Test func `blocks lie side by side and end below the top of the ids`() throws {
        let first = try #require(FamilyBlock(index: 0))
        let second = try #require(FamilyBlock(index: 1))
        let last = try #require(FamilyBlock(index: FamilyBlock.blockCount - 1))
        #expect(first.firstHostID == 0x3000_0000)
        #expect(second.firstHostID == first.firstHostID + FamilyBlock.idsPerBlock)
        #expect(UInt64(last.firstHostID) + UInt64(FamilyBlock.idsPerBlock) <= UInt64(UInt32.max))
    }

    @Test(arguments: [-1, 96, Int.max]) func `there is no block outside the range`(index: Int) {
        #expect(FamilyBlock(index: index) == nil)
    }

    @Test(arguments: ["f3", "f0", "f95"]) func `a cgroup's name gives the block back`(name: String) {
        #expect(FamilyBlock(cgroupName: name)?.cgroupName == name)
    }

    @Test(arguments: ["", "f", "f96", "f03", "f-1", "g3", "f3x", "f 3"])
    func `a name that is not ours gives no block`(name: String) {
        #expect(FamilyBlock(cgroupName: name) == nil)
    }

    @Test(arguments: [1, 2, 511]) func `the host's id gives the slot back`(slot: Int) throws {
        let block = try #require(FamilyBlock(index: 7))
        #expect(block.slot(ofHostID: block.firstHostID + FamilyBlock.firstID(ofSlot: slot)) == slot)
    }

    @Test func `ids of the family itself, of other families and between slots give no slot`() throws {
        let block = try #require(FamilyBlock(index: 7))
        #expect(block.slot(ofHostID: block.firstHostID) == nil)
        #expect(block.slot(ofHostID: block.firstHostID - 65536) == nil)
        #expect(block.slot(ofHostID: block.firstHostID + FamilyBlock.idsPerBlock) == nil)
        #expect(block.slot(ofHostID: block.firstHostID + 65537) == nil)
        #expect(block.slot(ofHostID: 0) == nil)
    }
}
