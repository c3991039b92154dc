import HTTPExchange
import Orchestrator
import SandboxModel

/// What sandboxes start from.
struct TemplateRoutes: Sendable {
    let orchestrator: Orchestrator

    var all: [Route] {
        [Route(.GET, "/templates/aliases/{alias}", resolveAlias)]
    }

    @Sendable private func resolveAlias(_ request: APIRequest) async throws -> HTTPResponse {
        _ = try request.principal
        let template = try await orchestrator.template(named: request.parameters["alias"] ?? "")
        return WireJSON.response(.ok, TemplateAliasResponse(templateID: template.id))
    }
}

struct TemplateAliasResponse: Encodable, Hashable {
    let templateID: String
    /// Every tenant of the server may use every template.
    let `public` = true
}
