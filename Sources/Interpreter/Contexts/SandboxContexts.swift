import GuestClient
import KernelProtocol
import SandboxModel

/// All contexts of one sandbox. The kernels hold the state and the names, so that a server that was restarted finds
/// them again; nothing is written down.
public actor SandboxContexts {
    private let host: KernelHost
    private let nursery: KernelNursery
    private let jobs: JobQueue
    nonisolated let budget: ByteBudget
    /// In the order of their making.
    private var rows: [ContextRow]
    /// Not yet found again, and who waits for that; nil when all is known.
    private var searchers: [Answer<Void>]?

    /// Of a sandbox that was just made: the contexts from the start, and nothing to find.
    init(new host: KernelHost, _ nursery: KernelNursery, _ jobs: JobQueue) {
        self.init(host, nursery, jobs, searchers: nil)
    }

    /// Of a sandbox that was made by an earlier life of the server.
    init(found host: KernelHost, _ nursery: KernelNursery, _ jobs: JobQueue) {
        self.init(host, nursery, jobs, searchers: [])
    }

    private init(
        _ host: KernelHost, _ nursery: KernelNursery, _ jobs: JobQueue, searchers: [Answer<Void>]?
    ) {
        self.host = host
        self.nursery = nursery
        self.jobs = jobs
        budget = ByteBudget(limit: host.limits.sandboxBytes)
        self.searchers = searchers
        rows = nursery.interpreter.bootLanguages.compactMap { language in
            CodeContext.ofLanguage(language).map { ContextRow($0, host: host, nursery: nursery, jobs: jobs) }
        }
    }

    // MARK: - What the API asks for

    public func list() async throws(InterpreterError) -> [CodeContext] {
        try await found()
        return rows.map(\.context)
    }

    /// Makes a context; returns when its kernel is there. On throw, nothing is left.
    public func create(language: String?, workingDirectory: String?) async throws(InterpreterError) -> CodeContext {
        try await found()
        let context = CodeContext(
            id: ContextID(), language: try known(language),
            workingDirectory: workingDirectory ?? InterpreterLimits.workingDirectory)
        if let workingDirectory { try await host.expectDirectory(workingDirectory) }
        let row = try append(context)
        do throws(InterpreterError) {
            try await row.prepare()
        } catch {
            rows.removeAll { $0 === row }
            // It has no kernel that could resist.
            try? await row.remove()
            throw error
        }
        return context
    }

    /// Room for one more execution; to be had before anything of it is read.
    /// - Throws: `budgetIsUsedUp`.
    public nonisolated func admit() throws(InterpreterError) -> BudgetShare {
        try BudgetShare(of: budget)
    }

    /// Where code runs that names this context, or else this language, or else nothing. Its kernel is there, or on its
    /// way.
    public func place(context id: String?, language: String?) async throws(InterpreterError) -> CodeContext {
        try await found()
        let row = if let id { try self.row(id) } else { try defaultRow(of: language) }
        try await row.prepare()
        return row.context
    }

    /// Carries out code in a context, in its turn, and gives `body` what happens, several events at once where it was
    /// slow. If the caller is cancelled or `body` throws, the code is interrupted.
    /// - Throws: also `InterpreterError`: `sandboxIsGone` in the midst of it.
    public nonisolated func execute(
        _ code: ExecutableCode, in context: CodeContext, _ body: ([ExecutionEvent]) async throws -> Void
    ) async throws {
        let execution = Execution(code, limits: host.limits)
        do throws(InterpreterError) {
            try await row(context.id.text).enter(execution)
        } catch {
            guard !host.isOver else { throw InterpreterError.sandboxIsGone }
            return try await body([.error(error.event), .end])
        }
        try await execution.listen(body)
    }

    /// Ends the context's kernel, whatever it does; returns when there is a fresh one.
    public func restart(_ id: String) async throws(InterpreterError) {
        try await found()
        try await row(id).restart()
    }

    /// Ends the context.
    public func remove(_ id: String) async throws(InterpreterError) {
        try await found()
        let row = try row(id)
        rows.removeAll { $0 === row }
        try await row.remove()
    }

    // MARK: - Pieces

    private func row(_ id: String) throws(InterpreterError) -> ContextRow {
        guard let row = rows.first(where: { $0.context.id.text == id }) else { throw .contextNotFound(id) }
        return row
    }

    /// The context of code that names none goes by its language's name. Made when it is first asked for.
    private func defaultRow(of language: String?) throws(InterpreterError) -> ContextRow {
        let language = try known(language)
        if let row = rows.first(where: { $0.context.id.text == language }) { return row }
        guard let context = CodeContext.ofLanguage(language) else {
            throw .unknownLanguage(language, known: nursery.interpreter.languages.keys.sorted())
        }
        return try append(context)
    }

    private func known(_ language: String?) throws(InterpreterError) -> String {
        let interpreter = nursery.interpreter
        guard let language else { return interpreter.defaultLanguage }
        guard interpreter.languages[language] != nil else {
            throw .unknownLanguage(language, known: interpreter.languages.keys.sorted())
        }
        return language
    }

    private func append(_ context: CodeContext, _ kernel: Kernel? = nil) throws(InterpreterError) -> ContextRow {
        guard rows.count < host.limits.contexts else { throw .tooManyContexts(limit: host.limits.contexts) }
        let row = ContextRow(context, host: host, nursery: nursery, jobs: jobs, kernel: kernel)
        rows.append(row)
        return row
    }

    // MARK: - The beginning and the end

    /// Has the kernel of the zygote's language landed, so that it is there when it is asked for.
    func warmUp() async {
        guard let language = nursery.template?.zygote?.language else { return }
        for row in rows where row.context.language == language {
            // At the server's end nobody will ask for it.
            try? await row.warmUp()
        }
    }

    nonisolated func setOver() {
        host.setOver()
    }

    /// Returns when all contexts are known that live in the sandbox.
    private func found() async throws(InterpreterError) {
        guard !host.isOver else { throw .sandboxIsGone }
        guard searchers != nil else { return }
        let answer = Answer<Void>()
        searchers?.append(answer)
        if searchers?.count == 1, !jobs.add({ await self.search() }) {
            searchers = []
            throw .unavailable
        }
        try await answer.wait()
    }

    private func search() async {
        let outcome: Result<Void, InterpreterError>
        do {
            for (context, kernel, isIdle) in try await kernels() { try await adopt(context, kernel, isIdle: isIdle) }
            outcome = .success(())
        } catch GuestClientError.unreachable, GuestClientError.hungUp {
            outcome = .failure(.sandboxIsGone)
        } catch {
            nursery.log.warning(
                "a sandbox's kernels could not be found again",
                metadata: ["sandbox.id": "\(host.sandbox.record.id)", "error": "\(error)"])
            outcome = .failure(.kernelFailed("the sandbox did not tell its kernels"))
        }
        let waiting = searchers ?? []
        // After a failure the next who asks searches again.
        if case .success = outcome { searchers = nil } else { searchers = [] }
        for answer in waiting { answer.give(outcome) }
    }

    /// The kernels that answer. A name that nobody answers to is freed.
    private func kernels() async throws -> [(CodeContext, Kernel, isIdle: Bool)] {
        let ids = try await host.contexts()
        let host = host
        return await withTaskGroup(of: (ContextID, KernelHello?).self) { group in
            var hellos: [ContextID: KernelHello] = [:]
            for (index, id) in ids.enumerated() {
                if index >= InterpreterLimits.concurrentInspections, let (id, hello) = await group.next() {
                    hellos[id] = hello
                }
                group.addTask { (id, await host.hello(of: id)) }
            }
            for await (id, hello) in group { hellos[id] = hello }
            return ids.compactMap { id in
                guard let hello = hellos[id] else { return nil }
                let context = CodeContext(
                    id: id, language: hello.language, workingDirectory: hello.workingDirectory)
                return (context, Kernel(origin: .found, pid: hello.pid, hasGreeted: true), hello.isIdle)
            }
        }
    }

    private func adopt(_ context: CodeContext, _ kernel: Kernel, isIdle: Bool) async throws(InterpreterError) {
        guard nursery.interpreter.languages[context.language] != nil else { return }
        let row: ContextRow
        if let index = rows.firstIndex(where: { $0.context.id == context.id }) {
            row = ContextRow(context, host: host, nursery: nursery, jobs: jobs, kernel: kernel)
            rows[index] = row
        } else {
            row = try append(context, kernel)
        }
        if !isIdle { try await row.settleDown() }
    }
}

extension CodeContext {
    /// The one of code that names none.
    static func ofLanguage(_ language: String) -> CodeContext? {
        ContextID(language).map {
            CodeContext(id: $0, language: language, workingDirectory: InterpreterLimits.workingDirectory)
        }
    }
}

extension KernelHost {
    /// - Returns: nil if nobody answers as that context's kernel; its name is free then.
    fileprivate func hello(of id: ContextID) async -> KernelHello? {
        if let hello = try? await inspect(id) { return hello }  // whatever it is, it is not that kernel
        // If the guest cannot be told, the sandbox is over.
        try? await clear(id, nil)
        return nil
    }
}
