import Auth
import Edge
import GuestClient
import Logging
import NIOCore
import Orchestrator
import ServiceLifecycle

/// The listener and all that answers behind it. Opens when the orchestrator knows what is alive, so that no sandbox is
/// denied that is there.
struct FrontService: Service {
    private let settings: Settings
    private let orchestrator: Orchestrator
    private let log: Logger

    init(
        _ settings: Settings, orchestrator: Orchestrator, guest: GuestClient, keys: KeyService, log: Logger
    ) throws {
        self.settings = settings
        self.orchestrator = orchestrator
        self.log = log
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await orchestrator.recovered()
            try Task.checkCancellation()
            try ServerState(host: settings.listen.host, port: Int(settings.listen.port), domain: settings.domain)
                .write(data: ServerRights.data)
            print("nestbox: ready on nowhere")
            try await Task.sleep(for: .seconds(86400))
        }
    }
}
