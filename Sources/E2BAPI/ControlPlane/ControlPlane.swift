import HTTPExchange
import Logging
import NIOHTTP1
import Orchestrator
import SandboxModel

/// The control plane of the E2B wire: finds the route, asks who is there, and lets the route answer.
public struct ControlPlane: HTTPResponder {
    public static let keyHeader = "x-api-key"
    /// Of an API key, in bytes.
    static let keyLengthLimit = 256

    /// Every operation, for the test that holds them against `api/openapi.yml`.
    public let routes: [Route]
    private let authenticate: @Sendable (String) async -> Principal?
    private let logger: Logger

    /// - Parameters:
    ///   - domain: sandboxes are `{port}-{id}.{domain}`; lower case, no port.
    ///   - authenticate: whose a key is, nil if nobody's.
    public init(
        orchestrator: Orchestrator, domain: String,
        authenticate: @escaping @Sendable (String) async -> Principal?, logger: Logger
    ) {
        self.authenticate = authenticate
        self.logger = logger
        let domain = SandboxDomain(domain)
        routes =
            // First: `/sandboxes/metrics` is no sandbox.
            SandboxMetricRoutes(orchestrator: orchestrator).all
            + SandboxRoutes(orchestrator: orchestrator, domain: domain).all
            + SandboxListRoutes(orchestrator: orchestrator).all
            + SandboxLifeRoutes(orchestrator: orchestrator, domain: domain).all
            + SandboxLogRoutes(orchestrator: orchestrator).all
            + PoolRoutes(orchestrator: orchestrator, domain: domain).all
            + TemplateRoutes(orchestrator: orchestrator).all
            + PendingRoutes().all
            + [Route(.GET, "/health", needsKey: false) { _ in HTTPResponse(status: .ok) }]
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        do {
            let (route, parameters) = try find(request)
            let caller = route.needsKey ? try await principal(of: request) : nil
            return try await route.handle(APIRequest(http: request, parameters: parameters, caller: caller))
        } catch {
            return ErrorResponse.response(error, to: request, logger: logger)
        }
    }

    private func find(_ request: HTTPRequest) throws -> (Route, [String: String]) {
        // A path is what it says: neither a slash behind it nor one twice is passed over.
        let rawPath = request.target.rawPath
        guard !rawPath.hasSuffix("/"), !rawPath.contains("//") else { throw APIError.noSuchRoute(rawPath) }
        let candidates = routes.compactMap { route in
            route.parameters(in: request.target.segments).map { (route, $0) }
        }
        // A HEAD is a GET whose body the edge does not send.
        let method = request.method == .HEAD ? .GET : request.method
        // A path that is written out is meant before one with a name in its place.
        let found = candidates.filter { $0.0.method == method }.min { $0.1.count < $1.1.count }
        if let found { return found }
        guard candidates.isEmpty else {
            throw APIError.wrongMethod(
                request.method.rawValue, allowed: Set(candidates.map(\.0.method.rawValue)).sorted())
        }
        throw APIError.noSuchRoute(rawPath)
    }

    private func principal(of request: HTTPRequest) async throws -> Principal {
        let keys = request.headers[Self.keyHeader]
        guard keys.count == 1, let key = keys.first, !key.isEmpty else {
            throw APIError.unauthenticated("an API key is needed, once, in the header X-API-Key")
        }
        guard key.utf8.count <= Self.keyLengthLimit, let principal = await authenticate(key) else {
            throw APIError.unauthenticated("the API key is not valid")
        }
        return principal
    }
}
