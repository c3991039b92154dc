import Foundation
import GuestProtocol
import KernelProtocol
import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1))) struct ExecutionTests {
    @Test func `code runs in the context of its language, which keeps its state`() async throws {
        try await withStudio { studio in
            let first = try await studio.run("say hello;value 2")
            #expect(first.words == ["count 1", "out hello", "result \"2\"", "end"])
            let second = try await studio.run("value 3", environment: ["B": "1"])
            #expect(second.words == ["count 2", "result \"3\"", "end"])
            #expect(studio.guest.starts.count == 1)
            #expect(studio.guest.kernel("python")?.environments == [[:], ["B": "1"]])
        }
    }

    @Test func `one dial is one execution, once the kernel is there`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 1")
            let before = studio.guest.dials
            _ = try await studio.run("value 1")
            #expect(studio.guest.dials == before + 1)
        }
    }

    @Test func `the end of an execution comes along with what the kernel said last`() async throws {
        try await withStudio { studio in
            let place = try await studio.contexts.place(context: nil, language: nil)
            let result = KernelFrame.bytes(kind: 0x84, payload: Array(#"{"main":true,"data":{"text/plain":"2"}}"#.utf8))
            let words = (result + KernelFrame.bytes(kind: 0x8f, payload: [])).map { String(format: "%02x", $0) }
            let code = try studio.code("frame \(words.joined());hangup")
            let pieces = Mutex<[[String]]>([])
            // What its kernel says comes on the same event loop.
            try await studio.onEventLoop {
                try await studio.contexts.execute(code, in: place) { events in
                    pieces.withLock { $0.append(events.words) }
                }
            }
            #expect(pieces.withLock { $0.last?.suffix(2) } == ["result \"2\"", "end"])
        }
    }

    @Test func `a kernel is started as its template says`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 1", language: "javascript")
            let start = try #require(studio.guest.starts.first)
            #expect(start.command == "/kernels/javascript")
            #expect(
                start.arguments == [
                    "-x", "--socket", "/run/nestbox/kernels/javascript.sock", "--context", "javascript",
                    "--language", "javascript",
                ])
            #expect(start.user == "root")
            #expect(start.tag == "nestbox-kernel")
            #expect(start.workingDirectory == "/home/user")
        }
    }

    @Test func `executions of one context wait for each other`() async throws {
        try await withStudio { studio in
            _ = try await studio.run("value 0")
            try await withThrowingTaskGroup(of: [String].self) { group in
                group.addTask { try await studio.run("wait").words }
                try await expectEventually { studio.guest.kernel("python")?.codes.last == "wait" }
                for number in 1...5 { group.addTask { try await studio.run("value \(number)").words } }
                #expect(studio.guest.kernel("python")?.codes.count == 2)
                studio.guest.kernel("python")?.interrupt()
                for try await words in group { #expect(words.last == "end") }
            }
            #expect(studio.guest.kernel("python")?.codes.count == 7)
        }
    }

    @Test func `a row has an end, and says so`() async throws {
        var limits = InterpreterLimits.brisk
        limits.rowLength = 2
        try await withStudio(limits: limits) { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for code in ["wait", "value 1", "value 2"] {
                    let code = try studio.code(code)
                    group.addTask { try await studio.contexts.execute(code, in: context) { _ in } }
                    try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
                }
                try await expectEventually {
                    do throws(InterpreterError) {
                        _ = try await studio.contexts.place(context: nil, language: nil)
                        return false
                    } catch {
                        return error == .rowIsFull(limit: 2)
                    }
                }
                studio.guest.kernel("python")?.interrupt()
                try await group.waitForAll()
            }
        }
    }

    @Test func `characters that frames cut in two are whole, and what is none is replaced`() async throws {
        try await withStudio { studio in
            let events = try await studio.run("hex 61c3;hex a962;hex ff;complain x;hex e6bc")
            #expect(events.words == ["count 1", "out a", "out éb", "out \u{fffd}", "err x", "out \u{fffd}", "end"])
        }
    }

    @Test func `output is cut where the limit is, with one notice`() async throws {
        var limits = InterpreterLimits.brisk
        limits.outputBytes = 10
        try await withStudio(limits: limits) { studio in
            let events = try await studio.run("say 12345;complain 12345;say 1;say 2;value 3;raise E")
            #expect(events.words.count == 6)
            #expect(events.words[1...2] == ["out 12345", "err 12345"])
            #expect(events.words[3].contains("cut here, after 10 of at most 10 bytes"))
            #expect(events.words[4...] == ["error E", "end"])
        }
    }

    @Test func `a client that hears nothing for a while is told that it may wait`() async throws {
        var limits = InterpreterLimits.brisk
        limits.keepaliveInterval = .milliseconds(20)
        try await withStudio(limits: limits) { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let heard = Heard()
            try await studio.contexts.execute(studio.code("wait"), in: context) { events in
                heard.add(events)
                if heard.events.count(where: { $0 == .keepalive }) == 3 {
                    studio.guest.kernel("python")?.interrupt()
                }
            }
            #expect(heard.events.last == .end)
        }
    }

    @Test func `a client that does not read stops the kernel, not the server`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let client = Task {
                try await studio.contexts.execute(studio.code("flood"), in: context) { events in
                    let weight = events.reduce(0) { $0 + $1.weight }
                    #expect(weight <= InterpreterLimits.brisk.heldBytes + 70_000)
                    try await Task.sleep(for: .seconds(3600))
                }
            }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            client.cancel()
            await #expect(throws: CancellationError.self) { try await client.value }
            // It does not care about interrupts, so it was killed; the next has a fresh one.
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
        }
    }

    @Test func `code whose client goes away is interrupted, and its kernel used again`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let client = Task {
                try await studio.contexts.execute(studio.code("wait"), in: context) { _ in }
            }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            client.cancel()
            await #expect(throws: CancellationError.self) { try await client.value }
            expect(try await studio.run("value 1").words, is: ["count 2", "result \"1\"", "end"])
            #expect(studio.guest.signals == [KernelHost.interruptSignal])
        }
    }

    @Test func `a kernel that does not care for interrupts is killed, and the next run has a fresh one`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let client = Task {
                try await studio.contexts.execute(studio.code("ignore"), in: context) { _ in }
            }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            client.cancel()
            await #expect(throws: CancellationError.self) { try await client.value }
            expect(try await studio.run("value 1").words, is: ["count 1", "result \"1\"", "end"])
            #expect(studio.guest.signals.contains(KernelHost.killSignal))
            #expect(studio.guest.starts.count == 2)
        }
    }

    @Test func `who left the row holds no place in it`() async throws {
        var limits = InterpreterLimits.brisk
        limits.rowLength = 1
        try await withStudio(limits: limits) { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let first = Task { try await studio.run("wait") }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            let second = Task { try await studio.contexts.execute(studio.code("value 2"), in: context) { _ in } }
            try await expectEventually {
                do throws(InterpreterError) {
                    _ = try await studio.contexts.place(context: nil, language: nil)
                    return false
                } catch {
                    return error == .rowIsFull(limit: 1)
                }
            }
            second.cancel()
            await #expect(throws: (any Error).self) { try await second.value }
            let third = Task { try await studio.run("value 3") }
            try await expectEventually { studio.contexts.budget.held > 2 * InterpreterLimits.executionBytes }
            studio.guest.kernel("python")?.interrupt()
            _ = try await first.value
            expect(try await third.value.words.last, is: "end")
            #expect(studio.guest.kernel("python")?.codes == ["wait", "value 3"])
        }
    }

    @Test func `who left the row is not run`() async throws {
        try await withStudio { studio in
            let context = try await studio.contexts.place(context: nil, language: nil)
            let first = Task { try await studio.run("wait") }
            try await expectEventually { studio.guest.kernel("python")?.isBusy == true }
            let second = Task {
                try await studio.contexts.execute(studio.code("value 2"), in: context) { _ in }
            }
            second.cancel()
            await #expect(throws: (any Error).self) { try await second.value }
            studio.guest.kernel("python")?.interrupt()
            _ = try await first.value
            _ = try await studio.run("value 3")
            #expect(studio.guest.kernel("python")?.codes == ["wait", "value 3"])
        }
    }
}
