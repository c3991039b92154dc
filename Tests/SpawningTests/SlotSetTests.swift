import Testing

@testable import Spawning

@Suite struct SlotSetTests {
    @Test func `every slot is given out once and then none is left`() {
        var slots = SlotSet()
        let taken = (0..<511).compactMap { _ in slots.take() }
        #expect(Set(taken) == Set(FamilyBlock.slotRange))
        #expect(slots.isFull && slots.take() == nil)
    }

    @Test func `a slot that was given back is the last to be given out again`() {
        var slots = SlotSet(1..<4)
        #expect(slots.take() == 1)
        slots.give(back: 1)
        #expect([slots.take(), slots.take(), slots.take(), slots.take()] == [2, 3, 1, nil])
    }

    @Test func `a slot that is in use already is not given out`() {
        var slots = SlotSet(1..<3)
        #expect(slots.claim(1) && !slots.claim(1))
        #expect(slots.take() == 2 && slots.take() == nil)
        slots.give(back: 1)
        #expect(slots.take() == 1)
    }

    @Test func `giving back what was not taken changes nothing`() {
        var slots = SlotSet(1..<3)
        slots.give(back: 1)
        #expect([slots.take(), slots.take(), slots.take()] == [1, 2, nil])
    }

    @Test func `slots outlive ten thousand turns`() {
        var slots = SlotSet(1..<4)
        for _ in 0..<10_000 {
            guard let slot = slots.take() else { return #expect(Bool(false), "no slot left") }
            slots.give(back: slot)
        }
        #expect(slots.takenCount == 0 && !slots.isFull)
    }
}
