import Foundation
import Isolation
import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1))) struct LandingTests {
    private struct NotReady: Error {}

    @Test func `a new sandbox's kernel lands without being asked for`() async throws {
        try await withStudio(hasZygote: true) { studio in
            try await expectEventually { studio.guest.kernel("python") != nil }
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
            #expect(studio.guest.starts.isEmpty)
            #expect(studio.guest.dials == 1)
        }
    }

    @Test func `a fork is told who it is to be, as a command of root's would be`() async throws {
        try await withStudio(hasZygote: true) { studio in
            _ = try await studio.run("value 1")
            let words = studio.landings.words.withLock { $0.first ?? [] }
            let json = try #require(try JSONSerialization.jsonObject(with: Data(words)) as? [String: Any])
            #expect(json["socket"] as? String == "/run/nestbox/kernels/python.sock")
            #expect(json["context"] as? String == "python")
            #expect(json["language"] as? String == "python")
            #expect(json["cwd"] as? String == "/home/user")
            let environment = try #require(json["environment"] as? [String: String])
            #expect(environment["A"] == "of the sandbox")
            #expect(environment["E2B_SANDBOX_ID"] == "itest")
            #expect(environment["HOME"] == "/root")
        }
    }

    @Test func `where nothing lands a kernel is started cold`() async throws {
        let fails = { @Sendable (_: FakeGuest) throws(BackendError) -> UInt32 in
            throw BackendError(.failed, backend: "fake", step: "land", cause: "as told")
        }
        try await withStudio(hasZygote: true, lands: fails) { studio in
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
            #expect(studio.guest.starts.count == 1)
        }
    }

    @Test func `a sandbox that is gone is no reason to start the zygote again`() async throws {
        let isFirst = Atomic(true)
        let lands = { @Sendable (guest: FakeGuest) throws(BackendError) -> UInt32 in
            if isFirst.exchange(false, ordering: .relaxed) { return guest.plant("python").pid }
            throw BackendError(.notFound, backend: "fake", step: "sandboxID", cause: "the sandbox is ending")
        }
        try await withStudio(hasZygote: true, lands: lands) { studio in
            _ = try await studio.run("value 1")
            _ = try await studio.contexts.create(language: "python", workingDirectory: nil)
            #expect(studio.guest.starts.count == 1, "the second kernel was started cold")
            let phase = await studio.interpreter.zygotes.table[ZygoteKey(tenant: .default, templateID: "code")]
            guard case .ready(_, _, let landings) = phase else { throw NotReady() }
            #expect(landings == 1)
        }
    }

    @Test func `a fork that never listens is killed, and a kernel started in its place`() async throws {
        let comesToNothing = { @Sendable (_: FakeGuest) throws(BackendError) -> UInt32 in 4242 }
        try await withStudio(hasZygote: true, lands: comesToNothing) { studio in
            // The second landing comes to nothing, too; that is for the client to know.
            let words = try await studio.run("value 1").words
            #expect(words == ["error KernelFailed", "end"])
            #expect(studio.guest.signals.contains(KernelHost.killSignal))
        }
    }

    @Test func `a context of the zygote's language lands, one of another is started cold`() async throws {
        try await withStudio(hasZygote: true, lands: { guest in guest.plant("javascript").pid }) { studio in
            _ = try await studio.run("value 1", language: "javascript")
            #expect(studio.guest.starts.map(\.command) == ["/kernels/javascript"])
        }
    }
}
