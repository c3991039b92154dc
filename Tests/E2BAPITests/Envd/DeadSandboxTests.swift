import HTTPExchange
import NIOCore
import NIOHTTP1
import Orchestrator
import Testing

@testable import E2BAPI

@Suite(.enabled(if: RealGuest.isBuilt, "nestbox-guest is not built beside the tests"))
struct DeadSandboxTests {
    /// A sandbox whose guest has just died: its socket is still there, and nobody listens.
    private func withDeadGuest(_ body: @Sendable (RealGuest) async throws -> Void) async throws {
        try await RealGuest.lend { guest in
            let gone = LiveSandbox(record: guest.sandbox.record, guestSocketPath: guest.directory + "/gone.socket")
            try await body(
                RealGuest(
                    responder: guest.responder, sandbox: gone, directory: guest.directory, events: guest.events))
        }
    }

    @Test func `a sandbox that has just died is answered as one that is not there`() async throws {
        try await withDeadGuest { guest in
            for response in [
                try await guest.send(.GET, "/health"), try await guest.send(.GET, "/files?path=/x"),
                try await guest.unary("/process.Process/List", "{}"),
                try await guest.unary("/filesystem.Filesystem/Stat", #"{"path":"/x"}"#),
            ] {
                #expect(response.status == 502)
                #expect(try response.json["message"] as? String == "The sandbox was not found")
                #expect(try response.json["sandboxId"] as? String == "itest")
                #expect(try response.json["code"] as? Int == 502)
            }
        }
    }

    @Test func `a stream to it ends as unavailable, so that the client asks for its health`() async throws {
        try await withDeadGuest { guest in
            try await expect("unavailable", guest.run("true").frames().code)
        }
    }

    @Test func `a signed URL without a name is its token's sandbox's`() async throws {
        try await RealGuest.lend { guest in
            let signature = FileSignature("/x", .read, token: RealGuest.token).signature.replacing("+", with: "%2B")
            let uris = [
                "/files?path=/x&signature=\(signature)": true, "/files?path=/y&signature=\(signature)": false,
                "/files?path=/x": false, "/envs?path=/x&signature=\(signature)": false,
            ]
            for (uri, isOwned) in uris {
                let request = HTTPRequest(
                    method: .GET, target: try #require(RequestTarget(uri)), headers: [:],
                    body: RequestBody(ByteBuffer()), id: "r")
                let owner = guest.responder.signatureOwner(of: request, among: [guest.sandbox])
                #expect((owner == guest.sandbox) == isOwned, "\(uri)")
            }
        }
    }
}
