import Testing

@testable import Interpreter

/// What the server holds for one sandbox, by all ways together.
@Suite(.timeLimit(.minutes(1))) struct ByteBudgetTests {
    /// Room for two things of a million and a half bytes, and not for three.
    static var small: InterpreterLimits {
        var limits = InterpreterLimits.brisk
        limits.sandboxBytes = 4_000_000
        limits.greetingPatience = .seconds(60)
        return limits
    }

    static let large = 1_500_000

    /// Starts code whose client goes away with `group`.
    static func start(
        _ code: String, context: CodeContext, in studio: Studio, _ group: inout ThrowingTaskGroup<Void, any Error>,
        heard: @escaping @Sendable ([ExecutionEvent]) async throws -> Void = { _ in }
    ) throws {
        let code = try studio.code(code)
        group.addTask { try await studio.contexts.execute(code, in: context, heard) }
    }

    @Test func `frames that never come whole leave no room for others, and an end gives it back`() async throws {
        try await withStudio(limits: Self.small) { studio in
            let budget = studio.contexts.budget
            let contexts = try await Self.contexts(2, of: studio)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let code = "half \(Self.large);wait"
                for context in contexts { try Self.start(code, context: context, in: studio, &group) }
                try await expectEventually { budget.held > 2 * Self.large }
                let events = try await studio.run("big \(Self.large);say on")
                #expect(events.words == ["count 1", "error ResultDropped", "out on", "end"])
                #expect(events.error?.contains("no room for a result of \(Self.large) bytes") == true)
                #expect(budget.held < Self.small.sandboxBytes)
                for context in contexts { studio.guest.kernel(context.id.text)?.die() }
                try await group.waitForAll()
            }
            try await expectEventually { budget.held == 0 }
            expect(try await studio.run("big \(Self.large)").words.last, is: "end")
        }
    }

    @Test func `code that waits leaves no room for more, and who leaves gives it back at once`() async throws {
        try await withStudio(limits: Self.small) { studio in
            let budget = studio.contexts.budget
            let context = try await studio.contexts.place(context: nil, language: nil)
            let long = "value 1;" + String(repeating: "x", count: Self.large)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try Self.start("wait", context: context, in: studio, &group)
                try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
                let before = budget.held
                let waiting = Task {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 1...2 { try Self.start(long, context: context, in: studio, &group) }
                        try await group.waitForAll()
                    }
                }
                try await expectEventually { budget.held > 2 * Self.large }
                #expect(throws: InterpreterError.budgetIsUsedUp(limit: Self.small.sandboxBytes)) {
                    try studio.code(long)
                }
                waiting.cancel()
                await #expect(throws: (any Error).self) { try await waiting.value }
                #expect(studio.guest.kernel("python")?.isBusy == true)
                // The two have no code any more, but stand in the row until somebody looks.
                #expect(budget.held <= before + 2 * InterpreterLimits.executionBytes)
                studio.guest.kernel("python")?.interrupt()
                try await group.waitForAll()
            }
            try await expectEventually { budget.held == 0 }
            #expect(studio.guest.kernel("python")?.codes == ["wait"])
        }
    }

    @Test func `results that nobody reads are counted until they are read, though their code has ended`() async throws {
        try await withStudio(limits: Self.small) { studio in
            let budget = studio.contexts.budget
            let context = try await studio.contexts.place(context: nil, language: nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try Self.start("big \(Self.large)", context: context, in: studio, &group) { events in
                    guard events.contains(where: { $0.weight > Self.large }) else { return }
                    try await Task.sleep(for: .seconds(3600))
                }
                try await expectEventually { studio.guest.kernel("python")?.isBusy == false && budget.held > 3_000_000 }
                let words = try await studio.run("big \(Self.large);value 1").words
                #expect(words == ["count 2", "error ResultDropped", "result \"1\"", "end"])
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            try await expectEventually { budget.held == 0 }
        }
    }

    @Test(arguments: [
        "value 1", "say x;complain y;raise E", "big 100000;big 200000", "show {};big 100000", "half 100000;die",
        "half 100000;hangup", "die", "frame 00000000ff;wait", "frame a08601008461;hangup", "big 2000000",
        #"show {"main":true,"data":{"text/plain":NaN}}"#,
    ])
    func `nothing is counted when nothing runs, however it ended`(code: String) async throws {
        try await withStudio(limits: Self.small) { studio in
            expect(try await studio.run(code).words.last, is: "end")
            try await expectEventually { studio.contexts.budget.held == 0 }
        }
    }

    @Test(arguments: ["wait", "ignore", "flood", "big 100000;wait", "half 100000;wait"])
    func `nothing is counted when the client has left`(code: String) async throws {
        try await withStudio(limits: Self.small) { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let client = Task { try await studio.contexts.execute(studio.code(code), in: context) { _ in } }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            client.cancel()
            await #expect(throws: (any Error).self) { try await client.value }
            try await expectEventually { studio.contexts.budget.held == 0 }
        }
    }

    @Test func `a sandbox whose budget is used up by code of no length runs no more of it`() async throws {
        var limits = Self.small
        limits.sandboxBytes = 3 * InterpreterLimits.executionBytes
        try await withStudio(limits: limits) { studio in
            let shares = try (1...3).map { _ in try studio.contexts.admit() }
            #expect(throws: InterpreterError.budgetIsUsedUp(limit: limits.sandboxBytes)) {
                try studio.contexts.admit()
            }
            #expect(shares.count == 3)
        }
    }

    private static func contexts(_ count: Int, of studio: Studio) async throws -> [CodeContext] {
        var contexts: [CodeContext] = []
        for _ in 1...count {
            contexts.append(try await studio.contexts.create(language: "bash", workingDirectory: nil))
        }
        return contexts
    }
}
