import LinuxSystem
import Testing

@Suite struct ProcessReserveTests {
    @Test(arguments: [8, 20, 64, 1024, 32_768] as [UInt64])
    func `each command may have more than those before it, and none all`(limit: UInt64) {
        let reserve = ProcessReserve(limit: limit)
        var told = reserve.next(beside: 0)
        #expect(told > reserve.forked)
        while case let next = reserve.next(beside: told), next != told {
            #expect(next > told)
            told = next
        }
        #expect(told < limit)
    }

    @Test func `beside long chains of commands the last ones get what the last one got`() {
        let reserve = ProcessReserve(limit: 1024)
        #expect(reserve.next(beside: 0) == 904 && reserve.next(beside: 904) == 912)
        #expect(reserve.next(beside: 1008) == 1008 && reserve.next(beside: 5000) == 1008)
    }
}
