import HTTPExchange
import Orchestrator
import SandboxModel

/// How long a sandbox lives.
struct SandboxLifeRoutes: Sendable {
    let orchestrator: Orchestrator
    let domain: SandboxDomain

    var all: [Route] {
        [
            Route(.POST, "/sandboxes/{sandboxID}/timeout", setTimeout),
            Route(.POST, "/sandboxes/{sandboxID}/refreshes", refresh),
            Route(.POST, "/v2/sandboxes/{sandboxID}/connect", connect),
            Route(.POST, "/sandboxes/{sandboxID}/connect", connect),
            Route(.POST, "/sandboxes/{sandboxID}/resume", resume),
        ]
    }

    @Sendable private func setTimeout(_ request: APIRequest) async throws -> HTTPResponse {
        let seconds = try await request.decode(TimeoutRequest.self).seconds()
        _ = try await orchestrator.setTimeToLive(request.sandboxID, seconds: seconds, for: request.principal)
        return HTTPResponse(status: .noContent)
    }

    @Sendable private func refresh(_ request: APIRequest) async throws -> HTTPResponse {
        let seconds = try await request.decode(RefreshRequest.self, emptyIs: RefreshRequest()).seconds()
        _ = try await orchestrator.extend(request.sandboxID, seconds: seconds, for: request.principal)
        return HTTPResponse(status: .noContent)
    }

    @Sendable private func connect(_ request: APIRequest) async throws -> HTTPResponse {
        let seconds = try await request.decode(ConnectRequest.self, emptyIs: ConnectRequest()).seconds()
        let record = try await orchestrator.extend(request.sandboxID, seconds: seconds, for: request.principal)
        return WireJSON.response(.ok, SandboxResponse(record, domain: domain.advertised(to: request.http.headers)))
    }

    /// Only what is paused can be resumed, and nothing is in this version.
    @Sendable private func resume(_ request: APIRequest) async throws -> HTTPResponse {
        _ = try await request.decode(ConnectRequest.self, emptyIs: ConnectRequest()).seconds()
        let record = try await orchestrator.sandbox(request.sandboxID, for: request.principal)
        throw APIError.wrongState("Sandbox \"\(record.id)\" is already running")
    }
}
