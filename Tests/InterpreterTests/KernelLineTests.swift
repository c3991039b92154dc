import Testing

@testable import Interpreter

/// The connection that is made before it is needed.
@Suite(.timeLimit(.minutes(1))) struct KernelLineTests {
    @Test func `the way to a kernel is there before its next code is`() async throws {
        try await withStudio { studio in
            try await studio.onEventLoop {
                _ = try await studio.run("value 1")
                let kernel = try #require(studio.guest.kernel("python"))
                try await expectEventually { kernel.lineCount == 1 }
                studio.guest.takeNobody()
                expect(try await studio.run("value 2").words, is: ["count 2", "result \"2\"", "end"])
            }
        }
    }

    @Test func `it is another for the next, and one for each sandbox`() async throws {
        try await withStudio { studio in
            try await studio.onEventLoop {
                let other = try await studio.contexts.create(language: nil, workingDirectory: nil).id.text
                for number in 1...3 {
                    expect(try await studio.run("value 1").words.first, is: "count \(number)")
                    expect(try await studio.run("value 1", context: other).words.first, is: "count \(number)")
                }
                let (first, second) = (studio.guest.kernel("python"), studio.guest.kernel(other))
                try await expectEventually { first?.lineCount == 0 && second?.lineCount == 1 }
            }
        }
    }

    @Test func `a kernel that died beside it is replaced, and the client is told`() async throws {
        try await withStudio { studio in
            try await studio.onEventLoop {
                _ = try await studio.run("value 1")
                try await expectEventually { studio.guest.kernel("python")?.lineCount == 1 }
                studio.guest.kernel("python")?.die()
                let words = try await studio.run("value 2").words
                // Found out before the code was sent, or after.
                #expect(words[0].hasPrefix("err [the kernel has ended") || words == ["error ContextRestarting", "end"])
                expect(try await studio.run("value 3").words.last, is: "end")
                #expect(studio.guest.starts.count == 2)
            }
        }
    }

    @Test func `it ends with its sandbox, and with its context`() async throws {
        try await withStudio { studio in
            try await studio.onEventLoop {
                let context = try await studio.contexts.create(language: nil, workingDirectory: nil).id.text
                _ = try await studio.run("value 1", context: context)
                let removed = try #require(studio.guest.kernel(context))
                try await expectEventually { removed.lineCount == 1 }
                try await studio.contexts.remove(context)
                #expect(!removed.isAlive)
                _ = try await studio.run("value 1")
                let kernel = try #require(studio.guest.kernel("python"))
                try await expectEventually { kernel.lineCount == 1 }
                studio.interpreter.observe(.over(studio.sandbox.record.id))
                try await expectEventually { kernel.lineCount == 0 }
                #expect(kernel.isAlive)
            }
        }
    }
}
