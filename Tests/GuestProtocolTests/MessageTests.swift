import GuestProtocol
import Testing
import WireCoding

@Suite struct MessageTests {
    @Test(arguments: Samples.requests) func `a request comes back as it was`(request: GuestRequest) throws {
        #expect(try GuestRequest(frame: request.frame) == request)
    }

    @Test(arguments: Samples.replies) func `a reply comes back as it was`(reply: GuestReply) throws {
        #expect(try GuestReply(frame: reply.frame) == reply)
    }

    @Test(arguments: Samples.followUps) func `a follow-up comes back as it was`(followUp: GuestFollowUp) throws {
        #expect(try GuestFollowUp(frame: followUp.frame) == followUp)
    }

    @Test func `kinds are told apart`() {
        let kinds = Samples.requests.map(\.frame.kind) + Samples.replies.map(\.frame.kind)
            + Samples.followUps.map(\.frame.kind)
        #expect(Set(kinds).count == 23 + 12 + 3)
    }

    @Test(arguments: Samples.requests) func `a request cut at any byte is refused`(request: GuestRequest) {
        let frame = request.frame
        for count in 0..<frame.payload.count {
            #expect(throws: WireError.self) {
                try GuestRequest(frame: Frame(kind: frame.kind, payload: Array(frame.payload[..<count])))
            }
        }
    }

    @Test(arguments: Samples.replies.filter { if case .bytes = $0 { false } else { true } })
    func `a reply cut at any byte, or with one more, is refused`(reply: GuestReply) {
        let frame = reply.frame
        for count in 0..<frame.payload.count {
            #expect(throws: WireError.self) {
                try GuestReply(frame: Frame(kind: frame.kind, payload: Array(frame.payload[..<count])))
            }
        }
        #expect(throws: WireError.trailingBytes(1)) {
            try GuestReply(frame: Frame(kind: frame.kind, payload: frame.payload + [0]))
        }
    }

    @Test(arguments: Samples.requests) func `a request with a byte too many is refused`(request: GuestRequest) {
        let frame = request.frame
        #expect(throws: WireError.trailingBytes(1)) {
            try GuestRequest(frame: Frame(kind: frame.kind, payload: frame.payload + [0]))
        }
    }

    @Test func `the path of a socket has a limit of its own`() throws {
        func request(_ count: Int) -> GuestRequest {
            .dialSocket(DialSocket(path: String(repeating: "a", count: count)))
        }
        #expect(try GuestRequest(frame: request(DialSocket.pathBytes).frame) == request(DialSocket.pathBytes))
        #expect(throws: WireError.tooLong(length: DialSocket.pathBytes + 1, limit: DialSocket.pathBytes)) {
            try GuestRequest(frame: request(DialSocket.pathBytes + 1).frame)
        }
    }

    @Test func `kinds that no message has are refused`() {
        let requests = Set(Samples.requests.map(\.frame.kind))
        let replies = Set(Samples.replies.map(\.frame.kind))
        let followUps = Set(Samples.followUps.map(\.frame.kind))
        for kind in UInt8.min ... .max {
            let frame = Frame(kind: kind)
            if !requests.contains(kind) {
                #expect(throws: WireError.unknownTag(kind)) { try GuestRequest(frame: frame) }
            }
            if !replies.contains(kind) {
                #expect(throws: WireError.unknownTag(kind)) { try GuestReply(frame: frame) }
            }
            if !followUps.contains(kind) {
                #expect(throws: WireError.unknownTag(kind)) { try GuestFollowUp(frame: frame) }
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `whatever random bytes decode to encodes to the same`(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...48, using: &random)
            // Small values mostly, so that lengths and tags are often valid and the decoder gets deep.
            let payload = (0..<count).map { _ in
                UInt8.random(in: 0...(Bool.random(using: &random) ? 3 : 255), using: &random)
            }
            let frame = Frame(kind: .random(in: 0 ... .max, using: &random), payload: payload)
            if let request = try? GuestRequest(frame: frame) { #expect(request.frame == frame) }
            if let reply = try? GuestReply(frame: frame) { #expect(reply.frame == frame) }
            if let followUp = try? GuestFollowUp(frame: frame) { #expect(followUp.frame == frame) }
        }
    }

    @Test func `a damaged message is refused or is another message, never a crash`() {
        var random = SeededGenerator(state: 4)
        for _ in 0..<5_000 {
            guard var frame = Samples.requests.randomElement(using: &random)?.frame, !frame.payload.isEmpty else {
                continue
            }
            let index = Int.random(in: 0..<frame.payload.count, using: &random)
            frame.payload[index] ^= UInt8.random(in: 1...255, using: &random)
            if let request = try? GuestRequest(frame: frame) { #expect(request.frame == frame) }
        }
    }
}
