import GuestClient
import HTTPExchange
import Logging
import NIOHTTP1
import Orchestrator
import SandboxModel

/// Answers port 49983 of a sandbox: what E2B's clients call envd. The guest moves bytes; HTTP, the Connect protocol and
/// the access token end here.
public struct EnvdResponder: Sendable {
    let environment: EnvdEnvironment

    init(_ environment: EnvdEnvironment) {
        self.environment = environment
    }

    /// - Parameters:
    ///   - watchers: whose `run()` the caller holds for as long as the responder is in use.
    ///   - reportsSymbolicLinks: whether a symbolic link says that it is one, as clients since 2.63 expect.
    public init(
        orchestrator: Orchestrator, guest: GuestClient, watchers: WatcherService, clock: any WallClock,
        logger: Logger, reportsSymbolicLinks: Bool = true
    ) {
        environment = EnvdEnvironment(
            guest: guest,
            record: { event, id in await orchestrator.record(event, of: id) },
            metrics: { sandbox in try await orchestrator.metricsNow(sandbox) },
            watchers: watchers, clock: clock, logger: logger, reportsSymbolicLinks: reportsSymbolicLinks)
    }

    public func respond(to request: HTTPRequest, in sandbox: LiveSandbox) async -> HTTPResponse {
        let call = EnvdCall(request: request, sandbox: sandbox, environment: environment)
        guard let route = EnvdRoute(request.target) else { return Self.notFound.response }
        if let refusal = EnvdAuthorization(sandbox.record.accessToken, at: environment.clock.now)
            .refusal(of: request, for: route)
        {
            return refusal.response
        }
        switch route {
        case .health: return await call.health()
        case .metrics: return await call.metrics()
        case .environment: return await call.environmentVariables()
        case .files: return await FileCalls(call: call).respond()
        case .compose: return await FileCalls(call: call).compose()
        case .process(let method):
            return await ProcessCalls(call: call).respond(to: method) ?? Self.notFound.response
        case .filesystem(let method):
            return await FilesystemCalls(call: call).respond(to: method) ?? Self.notFound.response
        }
    }

    /// Whose a signed request for a file is that does not name its sandbox: the one whose token made the signature,
    /// expired or not. nil if it is nobody's, or not such a request.
    public func signatureOwner(of request: HTTPRequest, among sandboxes: [LiveSandbox]) -> LiveSandbox? {
        guard EnvdRoute(request.target) == .files, let signature = FileSignature(of: request) else { return nil }
        return sandboxes.first { signature.isMade(with: $0.record.accessToken) }
    }

    private static let notFound = EnvdFailure(.notFound, "not found")
}
