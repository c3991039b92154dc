import GuestClient
import Layers
import Logging
import Orchestrator
import SandboxModel
import Synchronization

/// The code interpreter: contexts of sandboxes, the kernels that hold their state, and the zygotes that kernels are
/// forked from. Copies share one state; `run()` carries out the work.
public struct Interpreter: Sendable {
    private let guest: GuestClient
    private let backend: BackendCalls
    private let templates: TemplateStore
    private let limits: InterpreterLimits
    private let log: Logger
    /// Where work is done that would hold up an event loop.
    private let pool: any TaskExecutor
    private let jobs: JobQueue
    let zygotes: ZygoteKeeper
    private let table = ContextTable()

    public init(
        guest: GuestClient, backend: BackendCalls, templates: TemplateStore, log: Logger,
        limits: InterpreterLimits = InterpreterLimits(), pool: any TaskExecutor = globalConcurrentExecutor
    ) {
        self.pool = pool
        self.guest = guest
        self.templates = templates
        self.limits = limits
        self.log = log
        self.backend = backend
        self.jobs = JobQueue(guest.eventLoops)
        self.zygotes = ZygoteKeeper(backend, log: log)
    }

    /// Carries out what is asked for, and keeps zygotes, until it is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await jobs.run() }
            group.addTask { await zygotes.run() }
        }
    }

    /// What the orchestrator tells of sandboxes. Returns at once.
    public func observe(_ event: LifeEvent) {
        switch event {
        case .started(let sandbox, let template): started(sandbox, template)
        case .over(let id): table.remove(id)?.setOver()
        case .reconciled(let sandboxes): _ = jobs.add { await reconciled(sandboxes) }
        case .zygoteEnded(let tenant, let templateID):
            _ = jobs.add { await zygotes.ended(ZygoteKey(tenant: tenant, templateID: templateID)) }
        }
    }

    /// - Returns: nil if the sandbox's template runs no code: then its port is an ordinary one.
    /// - Throws: if the template cannot be read.
    public func contexts(of sandbox: LiveSandbox) async throws -> SandboxContexts? {
        if let known = table[sandbox.record.id] { return known }
        guard let interpreter = try await templates.template(named: sandbox.record.templateID)?.interpreter else {
            return nil
        }
        let nursery = KernelNursery(interpreter: interpreter, template: nil, zygotes: zygotes, log: log)
        let host = KernelHost(sandbox, guest: guest, backend: backend, limits: limits, pool: pool)
        return table.insert(SandboxContexts(found: host, nursery, jobs), of: sandbox.record.id)
    }

    private func started(_ sandbox: LiveSandbox, _ template: Template) {
        guard let interpreter = template.interpreter else { return }
        let nursery = KernelNursery(interpreter: interpreter, template: template, zygotes: zygotes, log: log)
        let host = KernelHost(sandbox, guest: guest, backend: backend, limits: limits, pool: pool)
        let contexts = table.insert(SandboxContexts(new: host, nursery, jobs), of: sandbox.record.id)
        _ = jobs.add { await contexts.warmUp() }
    }

    /// Has zygotes where they will be wanted: for whoever has sandboxes of such a template, and for the first tenant.
    private func reconciled(_ sandboxes: [LiveSandbox]) async {
        do {
            for template in try await templates.all().templates where template.zygote != nil {
                let tenants = sandboxes.filter { $0.record.templateID == template.id }.map(\.record.tenant)
                for tenant in Set(tenants + [.default]) { await zygotes.want(template, of: tenant) }
            }
        } catch {
            log.error("templates with a zygote could not be read", metadata: ["error": "\(error)"])
        }
        await zygotes.check()
    }
}

/// The sandboxes in use, in memory.
private final class ContextTable: Sendable {
    private let contexts = Mutex<[SandboxID: SandboxContexts]>([:])

    subscript(id: SandboxID) -> SandboxContexts? { contexts.withLock { $0[id] } }

    /// - Returns: the one that is in the table then: of two at once the first.
    func insert(_ new: SandboxContexts, of id: SandboxID) -> SandboxContexts {
        contexts.withLock { table in
            if let known = table[id] { return known }
            table[id] = new
            return new
        }
    }

    func remove(_ id: SandboxID) -> SandboxContexts? {
        contexts.withLock { $0.removeValue(forKey: id) }
    }
}
