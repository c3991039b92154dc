import Isolation
import Logging
import SandboxModel

/// Sees to it that zygotes are there where they are wanted, and has them fork. `run()` holds its work.
actor ZygoteKeeper {
    enum Landing {
        case landed(UInt32)
        /// A sentence for the log.
        case failed(String)
    }

    private let calls: BackendCalls
    private let limits: ZygoteLimits
    private let log: Logger
    private(set) var table: ZygoteTable
    /// Something may be due; one signal stands for many.
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ calls: BackendCalls, log: Logger, limits: ZygoteLimits = ZygoteLimits()) {
        self.calls = calls
        self.limits = limits
        self.log = log
        table = ZygoteTable(limits: limits)
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Until it is cancelled. Zygotes live on then, as sandboxes do.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            for await _ in signals {
                for step in table.steps(at: .now) { group.addTask { await self.take(step) } }
            }
            group.cancelAll()
        }
    }

    // MARK: - What others ask for

    func want(_ template: Template, of tenant: TenantID) {
        table.want(template, of: tenant, at: .now)
        signal.yield()
    }

    /// The backend is there anew: what it knows of is started at once, what it lost is started again.
    func check() {
        table.doubtAll(at: .now)
        signal.yield()
    }

    func ended(_ key: ZygoteKey) {
        log.warning("a zygote ended by itself", metadata: Self.metadata(key))
        table.ended(key, at: .now)
        signal.yield()
    }

    /// Has a fork land in the sandbox. Where there is no zygote, one is wanted from now on.
    func land(_ words: [UInt8], in sandbox: SandboxRecord, of template: Template) async -> Landing {
        let key = ZygoteKey(tenant: sandbox.tenant, templateID: template.id)
        defer { signal.yield() }
        if case .cold(let reason) = table.use(template, of: sandbox.tenant, at: .now) { return .failed(reason) }
        do throws(BackendError) {
            let pid = try await calls.land(sandbox.id, words)
            table.landed(key)
            return .landed(pid)
        } catch {
            if error.code == .notFound, error.step == BackendError.zygoteStep { table.missed(key, at: .now) }
            return .failed(error.description)
        }
    }

    // MARK: - Doing

    private func tick() async {
        repeat {
            signal.yield()
        } while (try? await Task.sleep(for: limits.tick)) != nil  // cancellation is what ends it
    }

    private func take(_ step: ZygoteTable.Step) async {
        switch step {
        case .start(let key, let template): await start(key, template)
        case .end(let key): await end(key)
        }
        signal.yield()
    }

    private func start(_ key: ZygoteKey, _ template: Template) async {
        let begin = ContinuousClock.now
        do throws(BackendError) {
            try await calls.start(template, key.tenant)
            table.started(key, at: .now)
            var metadata = Self.metadata(key)
            metadata["milliseconds"] = "\(Int(begin.duration(to: .now) / .milliseconds(1)))"
            log.info("a zygote is warm", metadata: metadata)
        } catch {
            guard !Task.isCancelled else { return }
            table.failed(key, at: .now)
            var metadata = Self.metadata(key)
            metadata["error"] = "\(error)"
            log.error("a zygote could not be started", metadata: metadata)
        }
    }

    private func end(_ key: ZygoteKey) async {
        var metadata = Self.metadata(key)
        do throws(BackendError) {
            try await calls.end(key.templateID, key.tenant)
            log.info("a zygote was ended", metadata: metadata)
        } catch {
            // What is started next replaces it, or finds it there.
            metadata["error"] = "\(error)"
            log.error("a zygote could not be ended", metadata: metadata)
        }
        table.wasEnded(key, at: .now)
    }

    private static func metadata(_ key: ZygoteKey) -> Logger.Metadata {
        ["tenant": "\(key.tenant)", "template": "\(key.templateID)"]
    }
}
