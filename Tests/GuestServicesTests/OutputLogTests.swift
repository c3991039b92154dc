import GuestProtocol
import Testing
import WireCoding

@testable import GuestServices

@Suite struct OutputLogTests {
    private func log(_ parts: [(ProcessOutput.Channel, String)]) -> OutputLog {
        var log = OutputLog()
        for (channel, text) in parts { Array(text.utf8).withUnsafeBytes { log.append(channel, $0) } }
        return log
    }

    private func read(_ log: OutputLog, from cursor: UInt64 = 0) -> [OutputLog.Step] {
        var cursor = cursor
        var steps: [OutputLog.Step] = []
        while let step = log.next(&cursor) { steps.append(step) }
        return steps
    }

    private func output(_ channel: ProcessOutput.Channel, _ text: String) -> OutputLog.Step {
        .output(ProcessOutput(channel: channel, bytes: Array(text.utf8)))
    }

    @Test func `channels keep their order, and neighbours of one channel are joined`() {
        let log = log([(.standardOutput, "a"), (.standardOutput, "b"), (.standardError, "c"), (.standardOutput, "d")])
        #expect(
            read(log) == [output(.standardOutput, "ab"), output(.standardError, "c"), output(.standardOutput, "d")])
    }

    @Test func `each reader continues at its own cursor`() {
        let log = log([(.standardOutput, "abc"), (.standardError, "def")])
        #expect(read(log, from: 2) == [output(.standardOutput, "c"), output(.standardError, "def")])
        #expect(read(log, from: 4) == [output(.standardError, "ef")])
        #expect(read(log, from: 6).isEmpty)
    }

    @Test func `a cursor behind the window learns how much it missed`() {
        var log = log([(.standardOutput, "abcdef")])
        log.discard(before: 4)
        #expect(read(log, from: 1) == [.missed(3), output(.standardOutput, "ef")])
        #expect(log.room == OutputLog.byteLimit - 2)
    }

    @Test func `the window never goes back, and never past the end`() {
        var log = log([(.standardOutput, "abc")])
        log.discard(before: 100)
        #expect(log.start == 3)
        log.discard(before: 1)
        #expect(log.start == 3)
        #expect(log.room == OutputLog.byteLimit)
    }

    @Test func `a full log comes out in chunks that fit a frame`() {
        var log = OutputLog()
        let block = [UInt8](repeating: 1, count: 5000)
        while log.room >= block.count { block.withUnsafeBytes { log.append(.terminal, $0) } }
        let sizes = read(log).map { step in if case .output(let output) = step { output.bytes.count } else { 0 } }
        #expect(sizes.reduce(0, +) == Int(log.end))
        #expect(sizes.allSatisfy { (1...WireLimits.chunkBytes).contains($0) })
    }
}
