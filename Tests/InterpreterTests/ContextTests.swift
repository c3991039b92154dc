import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1))) struct ContextTests {
    @Test func `a sandbox has its contexts from the start, and starts their kernels when they are used`() async throws {
        try await withStudio { studio in
            let contexts = try await studio.contexts.list()
            #expect(contexts.map(\.language) == ["python", "javascript"])
            #expect(contexts.allSatisfy { $0.workingDirectory == "/home/user" })
            #expect(studio.guest.starts.isEmpty)
        }
    }

    @Test func `a context is made, used by its name, and removed`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.create(language: "bash", workingDirectory: "/tmp")
            #expect(studio.guest.starts.map(\.workingDirectory) == ["/tmp"])
            expect(try await studio.contexts.list().last, is: context)
            expect(try await studio.run("value 1", context: context.id.text).words.last, is: "end")
            try await studio.contexts.remove(context.id.text)
            expect(try await studio.contexts.list().count, is: 2)
            #expect(studio.guest.kernel(context.id.text) == nil)
            await #expect(throws: InterpreterError.contextNotFound(context.id.text)) {
                try await studio.contexts.place(context: context.id.text, language: nil)
            }
        }
    }

    @Test(arguments: [
        ("/nowhere", "cwd '/nowhere' does not exist"), ("/etc/passwd", "cwd '/etc/passwd' is not a directory"),
    ])
    func `a context works in a directory that is there`(path: String, sentence: String) async throws {
        try await withStudio(hasZygote: true) { studio in
            await #expect(throws: InterpreterError.refused(sentence)) {
                try await studio.contexts.create(language: nil, workingDirectory: path)
            }
            expect(try await studio.contexts.list().count, is: 2)
        }
    }

    @Test func `a language without a context gets one when it is first used`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 1", language: "bash")
            expect(try await studio.contexts.list().map(\.language), is: ["python", "javascript", "bash"])
        }
    }

    @Test func `an unknown language is refused with those that are known`() async throws {
        try await withStudio { studio in
            let known = ["bash", "javascript", "mute", "python"]
            await #expect(throws: InterpreterError.unknownLanguage("cobol", known: known)) {
                try await studio.contexts.create(language: "cobol", workingDirectory: nil)
            }
        }
    }

    @Test func `a restart ends what runs and brings a fresh kernel`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 1")
            let running = Task { try await studio.run("ignore") }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            try await studio.contexts.restart("python")
            let events = try await running.value
            #expect(events.words.suffix(2) == ["error ContextRestarting", "end"])
            #expect(events.error?.contains("the context was restarted") == true)
            expect(try await studio.run("value 2").words.first, is: "count 1")
        }
    }

    @Test func `a removal ends what runs and tells who waits`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.create(language: nil, workingDirectory: nil)
            let id = context.id.text
            let running = Task { try await studio.run("ignore", context: id) }
            try await expectEventually { studio.guest.kernel(id)?.isBusy == true }
            let heard = Heard()
            let waiting = Task {
                try await studio.contexts.execute(studio.code("value 1"), in: context) {
                    heard.add($0)
                }
            }
            try await studio.contexts.remove(id)
            expect(try await running.value.error?.contains("the context was removed"), is: true)
            // Told in words if it came too late for the row, by an error if it stood in it.
            _ = await waiting.result
            #expect(studio.guest.kernel(id)?.codes.contains("value 1") != true)
            try await expectEventually { studio.guest.kernel(id) == nil }
        }
    }

    @Test func `a sandbox has so many contexts and no more`() async throws {
        var limits = InterpreterLimits.brisk
        limits.contexts = 3
        try await withStudio(limits: limits) { studio in
            _ = try await studio.contexts.create(language: nil, workingDirectory: nil)
            await #expect(throws: InterpreterError.tooManyContexts(limit: 3)) {
                try await studio.contexts.create(language: nil, workingDirectory: nil)
            }
        }
    }

    @Test func `kernels are found again after a restart of the server`() async throws {
        let planted: (FakeGuest) -> Void = { guest in
            guest.plant("python")
            guest.plant("own", language: "bash", cwd: "/tmp")
            guest.plant("dead").die()
            guest.plant("strange", language: "cobol")
        }
        try await withStudio(isNew: false, before: planted) { studio in
            let contexts = try await studio.contexts.list()
            #expect(contexts.map(\.id.text) == ["python", "javascript", "own"])
            #expect(contexts.first { $0.id.text == "own" }?.workingDirectory == "/tmp")
            expect(try await studio.run("value 1", context: "own").words.last, is: "end")
            #expect(studio.guest.starts.isEmpty)
            #expect(studio.guest.kernel("dead") == nil)
        }
    }

    @Test(arguments: [true, false])
    func `a kernel found busy is interrupted, and killed if it does not care`(cares: Bool) async throws {
        let planted: (FakeGuest) -> Void = { guest in guest.plant("python").beBusy() }
        try await withStudio(isNew: false, before: planted) { studio in
            _ = try await studio.contexts.list()
            let kernel = studio.guest.kernel("python")
            try await expectEventually { kernel?.interrupts == 1 }
            if cares { kernel?.beBusy(false) }
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
            #expect(studio.guest.starts.count == (cares ? 0 : 1))
        }
    }
}
