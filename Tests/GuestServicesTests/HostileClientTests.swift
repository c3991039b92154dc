import Glibc
import GuestProtocol
import Testing
import WireCoding

@Suite struct HostileClientTests {
    @Test func `a malformed frame ends its own connection and nothing else`() throws {
        try withGuest { (guest) throws in
            let (command, _) = try guest.start("read line; echo alive") {
                $0.input = .pipe
                $0.tag = "it"
            }
            let frames: [[UInt8]] = [
                [0, 0, 0, 0, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 1], Frame(kind: 1, payload: [1, 2, 3]).bytes,
                GuestRequest.ping.frame.bytes.dropLast() + [0x02], Frame(kind: 0x22, payload: [9]).bytes,
            ]
            for bytes in frames {
                let call = try GuestCall(guest.socketPath)
                try call.send(raw: bytes)
                #expect(try call.next() == nil)
            }
            #expect(try guest.ask(.ping) == .ok)
            #expect(try guest.ask(.sendInput(.tag("it"), ProcessInput(channel: .pipe, bytes: [10]))) == .ok)
            #expect(try command.finish().text == "alive\n")
        }
    }

    @Test func `random bytes never end the guest`() throws {
        try withGuest { (guest) throws in
            var random = SeededGenerator(seed: 0x6E65_7374)
            for _ in 0..<300 {
                let call = try GuestCall(guest.socketPath)
                let kind = UInt8.random(in: 0...0x45, using: &random)
                let count = Int.random(in: 0...64, using: &random)
                let payload = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                // The guest may close before all is sent; that is its right.
                try? call.send(Frame(kind: kind, payload: payload))
                try? call.send(raw: payload)
            }
            try eventually { try guest.ask(.ping) == .ok }
            #expect(waitpid(guest.processID, nil, WNOHANG) == 0)
        }
    }

    @Test func `bytes that come one by one make the same request`() throws {
        try withGuest { (guest) throws in
            let call = try GuestCall(guest.socketPath)
            for byte in GuestRequest.stat(FilePath("/")).frame.bytes { try call.send(raw: [byte]) }
            guard case .entry(let entry) = try call.next() else { throw LiveGuestError.unexpectedReply }
            #expect(entry.path == "/")
            #expect(entry.name == "/")
        }
    }

    @Test func `connections beyond the limit wait their turn`() throws {
        try withGuest { (guest) throws in
            var idle: [GuestCall] = []
            for _ in 0..<1024 { idle.append(try GuestCall(guest.socketPath)) }
            let waiting = try guest.open(.ping)
            var polled = pollfd(fd: waiting.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&polled, 1, 100) == 0)
            idle.removeLast()
            #expect(try waiting.next() == .ok)
        }
    }

    @Test func `environment names that no program could read are refused`() throws {
        try withGuest { (guest) throws in
            for name in ["", "A=B", "A\0"] {
                let request = StartProcess(
                    command: "/bin/true", arguments: [], environment: [WirePair(name: name, value: "")])
                guard case .failure(let failure) = try guest.ask(.startProcess(request)) else {
                    throw LiveGuestError.unexpectedReply
                }
                #expect(failure.code == .invalidArgument)
            }
        }
    }
}

/// The same sequence for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
