import Auth
import E2BAPI
import Edge
import GuestClient
import Interpreter
import IsolationBackends
import Layers
import Logging
import NIOPosix
import Orchestrator
import Persistence
import SandboxModel
import ServiceLifecycle

/// Assembles the server out of its modules and runs it: the one place that knows them all.
struct Server {
    private let handover: ServerHandover
    private let settings: Settings
    private let log: Logger

    init(_ handover: ServerHandover) {
        self.handover = handover
        settings = handover.settings
        let (level, format) = (settings.logLevel, settings.logFormat)
        LoggingSystem.bootstrap { LineLog(label: $0, level: Logger.Level(level), format: format) }
        log = Logger(label: "nestbox")
    }

    /// Serves until SIGTERM or SIGINT. Sandboxes live on, unless the settings say otherwise.
    func run() async throws {
        log.info("starting", metadata: settings.logged)
        let database = try await Database.open(at: "\(ServerRights.data)/\(DataDirectory.databasePath)")
        let keys = KeyService(KeyStore(database), clock: SystemClock())
        if handover.makesKey { try await FirstKey(keys).write(to: ServerHandover.keyDescriptor) }
        let tokens = try await AccessTokens(InstallationStore(database))
        let backend = ProcessBackend(
            socketDirectory: "\(ServerRights.data)/run", socketName: DataDirectory.socketName, log: log)
        let guest = GuestClient(MultiThreadedEventLoopGroup.singleton)
        let templates = TemplateStore(directory: ServerRights.templates)
        try await report(on: templates)
        let interpreter = Interpreter(
            guest: guest, backend: BackendCalls(backend), templates: templates, log: log)
        let orchestrator = Orchestrator(
            Orchestrator.Parts(
                backend: backend, templates: templates,
                sandboxes: SandboxStore(database, accessToken: tokens.token(for:)), pools: PoolStore(database),
                events: EventStore(database), metrics: MetricStore(database), guest: GuestCalls(guest),
                accessToken: tokens.token(for:), clock: SystemClock(), log: log, sandboxLimit: settings.sandboxLimit,
                observe: { interpreter.observe($0) }))
        try await serve(backend, orchestrator, interpreter, guest, keys)
    }

    /// The last of the list ends first.
    private func serve(
        _ backend: ProcessBackend, _ orchestrator: Orchestrator, _ interpreter: Interpreter, _ guest: GuestClient,
        _ keys: KeyService
    ) async throws {
        let front = try FrontService(
            settings, orchestrator: orchestrator, interpreter: interpreter, guest: guest, keys: keys, log: log)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    NamedService("backend") { await backend.run() },
                    NamedService("orchestrator", atShutdown: stop(orchestrator)) { await orchestrator.run() },
                    NamedService("interpreter") { await interpreter.run() },
                    NamedService("front") { try await front.run() },
                ].map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        try await services.run()
        log.info("ended")
    }

    /// What is to happen while sandboxes can still be reached and nobody asks for new ones.
    private func stop(_ orchestrator: Orchestrator) -> @Sendable () async -> Void {
        let stops = settings.stopsSandboxes
        return { if stops { await orchestrator.killAll() } }
    }

    /// A template that cannot be used is said at once, not first to whoever asks for it.
    private func report(on templates: TemplateStore) async throws {
        let (usable, problems) = try await templates.all()
        for problem in problems { log.warning("a template cannot be used", metadata: ["error": "\(problem)"]) }
        log.info("templates", metadata: ["ids": "\(usable.map(\.id).joined(separator: " "))"])
    }
}
