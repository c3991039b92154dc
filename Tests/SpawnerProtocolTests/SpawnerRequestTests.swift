import SpawnerProtocol
import Testing
import WireCoding

@Suite struct SpawnerRequestTests {
    @Test(arguments: Samples.requests) func `a request comes back as it was`(request: SpawnerRequest) throws {
        #expect(try SpawnerRequest(wireBytes: request.wireBytes) == request)
    }

    @Test(arguments: Samples.requests) func `a request cut at any byte is refused`(request: SpawnerRequest) {
        let bytes = request.wireBytes
        for count in bytes.indices {
            #expect(throws: WireError.self) { try SpawnerRequest(wireBytes: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: Samples.requests) func `a request with a byte too many is refused`(request: SpawnerRequest) {
        #expect(throws: WireError.trailingBytes(1)) { try SpawnerRequest(wireBytes: request.wireBytes + [0]) }
    }

    @Test func `operations that the vocabulary has not are refused`() {
        let known = Set(Samples.requests.map { $0.wireBytes[8] })
        #expect(known.count == Samples.requests.count)
        for tag in UInt8.min ... .max where !known.contains(tag) {
            #expect(throws: WireError.unknownTag(tag)) {
                try SpawnerRequest(wireBytes: [0, 0, 0, 0, 0, 0, 0, 0, tag])
            }
        }
    }

    @Test func `a name over its limit is refused`() {
        let request = SpawnerRequest(number: 1, operation: .destroy(sandboxID: String(repeating: "a", count: 65)))
        #expect(throws: WireError.self) { try SpawnerRequest(wireBytes: request.wireBytes) }
    }

    @Test func `a payload over its limit is refused, the largest fits into a datagram`() throws {
        let largest = SpawnerRequest(
            number: 1,
            operation: .land(
                sandboxID: "iabc", payload: [UInt8](repeating: 7, count: SpawnerRequest.landPayloadBytes)))
        #expect(try SpawnerRequest(wireBytes: largest.wireBytes) == largest)
        #expect(largest.wireBytes.count <= SpawnerRequest.datagramBytes)
        let larger = SpawnerRequest(
            number: 1,
            operation: .land(
                sandboxID: "iabc", payload: [UInt8](repeating: 7, count: SpawnerRequest.landPayloadBytes + 1)))
        #expect(throws: WireError.self) { try SpawnerRequest(wireBytes: larger.wireBytes) }
    }

    @Test func `the largest request fits into a datagram`() {
        var sandbox = Samples.sandbox
        sandbox.layers = Array(repeating: String(repeating: "a", count: 64), count: 64)
        let request = SpawnerRequest(number: 1, operation: .create(sandbox))
        #expect(request.wireBytes.count <= SpawnerRequest.datagramBytes)
    }
}
