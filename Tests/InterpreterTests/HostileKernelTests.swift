import GuestProtocol
import Isolation
import KernelProtocol
import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1))) struct HostileKernelTests {
    @Test(arguments: [
        "die", "hangup", "say x;die", "value 1;hangup",
        // A kind that is none, a frame over its limit, half a frame, a second hello, nonsense where JSON is due.
        "frame 00000000ff;wait", "frame ffffffff82;wait", "frame 100000008261;hangup",
        "frame 020000008" + "07b7d;wait", "frame 0300000081616161;wait", "frame 0100000085ff;wait",
        // A request is nothing that a kernel says.
        "frame 0000000001;wait",
    ])
    func `a kernel that dies or breaks the rules is an error, and the next run has a fresh one`(
        code: String
    ) async throws {
        try await withStudio { studio in
            let events = try await studio.run(code)
            #expect(events.words.suffix(2) == ["error ContextRestarting", "end"])
            #expect(events.error?.contains("its state is lost") == true)
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
            #expect(studio.guest.starts.count == 2)
        }
    }

    @Test func `a kernel that dies since its sandbox is being ended is no error of the code`() async throws {
        try await withStudio(isThere: false) { studio in
            await #expect(throws: InterpreterError.sandboxIsGone) { try await studio.run("die") }
        }
    }

    @Test func `a result that is none is an error of the code, and the kernel lives on`() async throws {
        try await withStudio { studio in
            let bad = #"show {"main":true,"data":{"text/plain":NaN}};say on"#
            expect(try await studio.run(bad).words, is: ["count 1", "error ResultMalformed", "out on", "end"])
            expect(try await studio.run("value 1").words.first, is: "count 2")
        }
    }

    @Test func `a kernel that died while nobody looked is replaced, and the client is told`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 1")
            studio.guest.kernel("python")?.die()
            let words = try await studio.run("value 2").words
            #expect(words[0].hasPrefix("err [the kernel has ended since the last execution"))
            #expect(words[1...] == ["count 1", "result \"2\"", "end"])
        }
    }

    @Test func `a kernel that says nothing is waited for as long as the client waits`() async throws {
        var limits = InterpreterLimits.brisk
        limits.startPatience = .milliseconds(100)
        try await withStudio(limits: limits) { studio in
            await #expect(throws: InterpreterError.kernelFailed("the mute kernel did not listen in time")) {
                try await studio.contexts.create(language: "mute", workingDirectory: nil)
            }
            #expect(studio.guest.signals.contains(KernelHost.killSignal))
            expect(try await studio.contexts.list().count, is: 2)
        }
    }

    /// A zygote of which one fork lands, as a kernel of this language.
    private static func landsOnce(_ language: String) -> @Sendable (FakeGuest) throws(BackendError) -> UInt32 {
        let isFirst = Atomic(true)
        return { guest throws(BackendError) in
            guard isFirst.exchange(false, ordering: .relaxed) else {
                throw BackendError(.notFound, backend: "test", step: "land", cause: "once is enough")
            }
            return guest.plant("python", language: language).pid
        }
    }

    @Test func `a kernel that does not even greet is killed, and the next run has a fresh one`() async throws {
        try await withStudio(hasZygote: true, lands: Self.landsOnce("mute")) { studio in
            let events = try await studio.run("value 1")
            #expect(events.words == ["error ContextRestarting", "end"])
            #expect(events.error == "the kernel died: it said nothing for 0.3 seconds, its state is lost")
            #expect(studio.guest.signals.contains(KernelHost.killSignal))
            expect(try await studio.run("value 2").words, is: ["count 1", "result \"2\"", "end"])
        }
    }

    @Test func `code that may have run already is not run again when the guest answers nothing`() async throws {
        try await withStudio(hasZygote: true, lands: Self.landsOnce("unheard")) { studio in
            let events = try await studio.run("value 1")
            #expect(events.words.last == "end" && events.error?.contains("could not be reached") == true)
            #expect(studio.guest.starts.isEmpty)
            expect(try await studio.run("value 2").words, is: ["count 1", "result \"2\"", "end"])
        }
    }

    @Test func `a kernel that ends at its start is told with its last words`() async throws {
        let failure = { @Sendable (_: StartProcess) in (exit: ProcessExit(code: 3), words: "no module\nnumpy") }
        try await withStudio(startFails: failure) { studio in
            let sentence = "the python kernel ended at its start (exit code 3): no module numpy"
            await #expect(throws: InterpreterError.kernelFailed(sentence)) {
                try await studio.contexts.place(context: nil, language: nil)
            }
        }
    }

    @Test func `a sandbox that ends in the midst of an execution is no answer`() async throws {
        try await withStudio { studio in
            let client = Task { try await studio.run("wait") }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            studio.guest.fallSilent()
            await #expect(throws: InterpreterError.sandboxIsGone) { try await client.value }
        }
    }

    @Test func `a sandbox that is being killed is no answer either, though its guest still speaks`() async throws {
        try await withStudio { studio in
            let client = Task { try await studio.run("wait") }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            studio.interpreter.observe(.over(studio.sandbox.record.id))
            studio.guest.kernel("python")?.die()
            await #expect(throws: InterpreterError.sandboxIsGone) { try await client.value }
        }
    }
}
