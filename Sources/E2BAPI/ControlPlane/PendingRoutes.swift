import HTTPExchange
import NIOHTTP1

/// What the wire has and this version has not: known by name, so that a client is told so, and not that its path is
/// wrong. When a later version has one, its line leaves this list.
struct PendingRoutes: Sendable {
    var all: [Route] {
        Self.operations.map { method, path, what in
            Route(method, path) { _ in throw APIError.pending(what) }
        }
    }

    private static let operations: [(HTTPMethod, String, String)] = [
        (.POST, "/sandboxes/{sandboxID}/pause", "pause"),
        (.PUT, "/sandboxes/{sandboxID}/network", "changing a sandbox's network"),
        (.POST, "/sandboxes/{sandboxID}/fork", "fork"),
        (.POST, "/sandboxes/{sandboxID}/snapshots", "snapshots"),
        (.GET, "/snapshots", "snapshots"),
        (.GET, "/templates", "listing templates"),
        (.GET, "/v2/templates", "listing templates"),
        (.POST, "/templates", "building templates"),
        (.POST, "/v2/templates", "building templates"),
        (.POST, "/v3/templates", "building templates"),
        (.POST, "/templates/tags", "template tags"),
        (.DELETE, "/templates/tags", "template tags"),
        (.GET, "/templates/{templateID}", "showing a template"),
        (.POST, "/templates/{templateID}", "building templates"),
        (.DELETE, "/templates/{templateID}", "deleting templates and snapshots"),
        (.PATCH, "/templates/{templateID}", "changing templates"),
        (.PATCH, "/v2/templates/{templateID}", "changing templates"),
        (.GET, "/templates/{templateID}/tags", "template tags"),
        (.GET, "/templates/{templateID}/files/{hash}", "building templates"),
        (.POST, "/v2/templates/{templateID}/builds/{buildID}", "building templates"),
        (.GET, "/templates/{templateID}/builds/{buildID}/status", "building templates"),
        (.GET, "/templates/{templateID}/builds/{buildID}/logs", "building templates"),
        (.POST, "/volumes", "volumes"),
        (.GET, "/volumes", "volumes"),
        (.GET, "/volumes/{volumeID}", "volumes"),
        (.DELETE, "/volumes/{volumeID}", "volumes"),
        (.POST, "/secrets", "secrets"),
        (.GET, "/secrets", "secrets"),
        (.GET, "/secrets/{secretID}", "secrets"),
        (.POST, "/secrets/{secretID}", "secrets"),
        (.DELETE, "/secrets/{secretID}", "secrets"),
    ]
}
