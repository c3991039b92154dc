import GuestClient
import GuestProtocol
import Testing
import WireCoding

@Suite struct GuestCallTests {
    private static let disk = GuestReply.disk(DiskUsage(usedBytes: 7, totalBytes: 9))

    @Test func `a call returns the guest's one reply`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(Self.disk.frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            let reply = try await GuestClient(group).call(.diskUsage, to: guest.socketPath)
            #expect(reply == Self.disk)
        }
    }

    @Test func `a socket path longer than sun_path is reached`() async throws {
        try await FakeGuest.lend(directoryName: String(repeating: "d", count: 200)) { connection in
            try await connection.write(GuestReply.ok.frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            #expect(guest.socketPath.utf8.count > 107)
            let reply = try await GuestClient(group).call(.ping, to: guest.socketPath)
            #expect(reply == .ok)
        }
    }

    @Test func `the guest's refusal is thrown as it was said`() async throws {
        let refusal = GuestFailure(.notFound, "no such file", errorNumber: 2)
        try await FakeGuest.lend { connection in
            try await connection.write(GuestReply.failure(refusal).frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            await #expect(throws: GuestClientError.failure(refusal)) {
                try await GuestClient(group).call(.stat(FilePath("/x")), to: guest.socketPath)
            }
        }
    }

    @Test(arguments: ["/nowhere/guest.socket", "/" + String(repeating: "n", count: 150) + "/guest.socket"])
    func `a socket that is not there is unreachable`(path: String) async throws {
        try await FakeGuest.lend { _ in } to: { _, group in
            await #expect(throws: GuestClientError.unreachable(path)) {
                try await GuestClient(group).call(.ping, to: path)
            }
        }
    }

    @Test func `a guest that hangs up before it answers is told apart from one that refuses`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
        } to: { guest, group in
            await #expect(throws: GuestClientError.hungUp) {
                try await GuestClient(group).call(.ping, to: guest.socketPath)
            }
        }
    }

    @Test func `a guest that never answers is given up`() async throws {
        try await FakeGuest.lend { connection in
            while try await connection.hear() != nil {}
        } to: { guest, group in
            await #expect(throws: GuestClientError.timedOut(.awaitingReply)) {
                try await GuestClient(group).call(.ping, to: guest.socketPath, timeout: .milliseconds(20))
            }
        }
    }

    @Test(arguments: [
        [0xff, 0xff, 0xff, 0xff, 0x80],  // a header over the limit
        [0, 0, 0, 0, 0x7f],  // a kind that no version has
        [0, 0, 0, 0, 0x01],  // a request where a reply was due
        [1, 0, 0, 0, 0x81, 0xee],  // a failure with a code that no version has
        [1, 0, 0, 0, 0x80, 0],  // bytes left over behind `ok`
        [1, 0, 0, 0, 0x88, 0],  // file bytes where one reply was due
        [0, 0, 0],  // half a header, then the end
        [9, 0, 0, 0, 0x80, 1, 2],  // half a payload, then the end
        [6, 0, 0, 0, 0x83, 9, 1, 0, 0, 0, 0],  // output on a channel that no version has
    ] as [[UInt8]])
    func `what no honest guest says is a violation`(bytes: [UInt8]) async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(bytes)
        } to: { guest, group in
            let error = await #expect(throws: GuestClientError.self) {
                try await GuestClient(group).call(.ping, to: guest.socketPath)
            }
            guard case .protocolViolation = error else {
                Issue.record("\(String(describing: error)) is not a protocol violation")
                return
            }
        }
    }
}
