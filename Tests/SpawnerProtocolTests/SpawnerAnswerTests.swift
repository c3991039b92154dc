import SpawnerProtocol
import Testing
import WireCoding

@Suite struct SpawnerAnswerTests {
    @Test(arguments: Samples.answers) func `an answer comes back as it was`(answer: SpawnerAnswer) throws {
        #expect(try SpawnerAnswer(wireBytes: answer.wireBytes) == answer)
    }

    @Test(arguments: Samples.answers) func `an answer cut at any byte is refused`(answer: SpawnerAnswer) {
        let bytes = answer.wireBytes
        for count in bytes.indices {
            #expect(throws: WireError.self) { try SpawnerAnswer(wireBytes: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: Samples.answers) func `an answer with a byte too many is refused`(answer: SpawnerAnswer) {
        #expect(throws: WireError.trailingBytes(1)) { try SpawnerAnswer(wireBytes: answer.wireBytes + [0]) }
    }

    @Test func `contents that no answer has are refused`() {
        let known = Set(Samples.answers.map { $0.wireBytes[8] })
        #expect(known.count == Samples.answers.count)
        for tag in UInt8.min ... .max where !known.contains(tag) {
            #expect(throws: WireError.unknownTag(tag)) { try SpawnerAnswer(wireBytes: [0, 0, 0, 0, 0, 0, 0, 0, tag]) }
        }
    }

    @Test(arguments: [0, 5, 255] as [UInt8]) func `an end that is none is refused`(end: UInt8) {
        var bytes = SpawnerAnswer(number: 0, content: .ended(sandboxID: "iabc", .destroyed)).wireBytes
        bytes[bytes.count - 1] = end
        #expect(throws: WireError.unknownTag(end)) { try SpawnerAnswer(wireBytes: bytes) }
    }

    @Test(arguments: [0, 6, 255] as [UInt8]) func `a failure's code that is none is refused`(code: UInt8) {
        var bytes = SpawnerAnswer(number: 0, content: .failed(SpawnFailure(.refused, step: "", message: ""))).wireBytes
        bytes[9] = code
        #expect(throws: WireError.unknownTag(code)) { try SpawnerAnswer(wireBytes: bytes) }
    }
}
