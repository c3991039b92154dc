import Foundation
import Glibc

/// `nestbox code` at a terminal: one who types, one interpreter.
struct CodeShell: Sendable {
    /// What the shell waits for, in the order in which it came.
    private enum Happening: Sendable {
        case keys([Key])
        case resized
        case ended(Result<CellRun.Ending, any Error>)
        /// Nothing more will be typed.
        case closed
    }

    let cells: CellRun
    let history: HistoryFile?

    /// Returns when the user has ended it.
    func run() async throws {
        try await RawTerminal.withEditingMode {
            try await RawTerminal.withSizeChanges { sizes in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let (happenings, source) = AsyncStream<Happening>.makeStream()
                    group.addTask { await readKeys(into: source) }
                    group.addTask { for await _ in sizes { source.yield(.resized) } }
                    try await converse(happenings) { code, interruptions in
                        group.addTask { await run(code, interruptions, into: source) }
                    }
                    group.cancelAll()
                }
            }
        }
    }

    private func readKeys(into source: AsyncStream<Happening>.Continuation) async {
        var decoder = KeyDecoder()
        // A terminal that cannot be read any more is one that was closed.
        while let bytes = try? await StandardInput().next() { source.yield(.keys(decoder.take(bytes))) }
        source.yield(.closed)
    }

    private func run(
        _ code: String, _ interruptions: AsyncStream<Void>, into source: AsyncStream<Happening>.Continuation
    ) async {
        do {
            source.yield(.ended(.success(try await cells.run(code, interruptions: interruptions))))
        } catch {
            source.yield(.ended(.failure(error)))
        }
    }

    /// - Parameter start: begins a cell; its `.ended` happens later.
    private func converse(
        _ happenings: AsyncStream<Happening>, _ start: (String, AsyncStream<Void>) -> Void
    ) async throws {
        var prompt = CodePrompt(grammar: InputGrammar(language: cells.language), entries: entries())
        try prompt.show()
        defer { prompt.hide() }
        var running: AsyncStream<Void>.Continuation?
        var typed = TypeAhead()
        for await happening in happenings {
            switch happening {
            case .closed: return
            case .keys(let keys): typed.add(keys)
            case .resized: if running == nil { try prompt.show() }
            case .ended(let result):
                running = nil
                try prompt.tell(result)
                try prompt.show()
            }
            while running == nil, let key = typed.next() {
                switch try prompt.press(key) {
                case .nothing: continue
                case .ended: return
                case .entered(let code):
                    remember(code)
                    running = begin(code, start)
                }
            }
            if typed.takeInterruption() { running?.yield() }
        }
        try Task.checkCancellation()
    }

    /// - Returns: what interrupts it.
    private func begin(
        _ code: String, _ start: (String, AsyncStream<Void>) -> Void
    ) -> AsyncStream<Void>.Continuation {
        let (interruptions, interruption) = AsyncStream<Void>.makeStream()
        start(code, interruptions)
        return interruption
    }

    private func entries() -> [String] {
        do {
            return try history?.read() ?? []
        } catch {
            Output.note("the history is not read: \(error)")
            return []
        }
    }

    private func remember(_ code: String) {
        do {
            try history?.append(code)
        } catch {
            Output.note("the history is not written: \(error)")
        }
    }
}
