import HTTPExchange
import NIOHTTP1
import Orchestrator
import SandboxModel

/// Making, seeing and ending sandboxes: decode, one call, encode.
struct SandboxRoutes: Sendable {
    static let idempotencyHeader = "idempotency-key"
    static let idempotencyKeyLengthRange = 1...255

    let orchestrator: Orchestrator
    let domain: SandboxDomain

    var all: [Route] {
        [
            Route(.POST, "/v2/sandboxes") {
                try await create($0, defaultTimeout: CreateSandboxRequest.defaultTimeout)
            },
            Route(.POST, "/sandboxes") {
                try await create($0, defaultTimeout: CreateSandboxRequest.legacyDefaultTimeout)
            },
            Route(.GET, "/sandboxes/{sandboxID}", get),
            Route(.DELETE, "/sandboxes/{sandboxID}", kill),
        ]
    }

    private func create(_ request: APIRequest, defaultTimeout: Int) async throws -> HTTPResponse {
        let key = try Self.idempotencyKey(request.http.headers)
        let body = try await request.decode(CreateSandboxRequest.self)
        try body.refuseWhatIsPending()
        guard !body.templateID.isEmpty else {
            throw SpecError.malformed(field: "templateID", value: "", allowed: "a template's id or name")
        }
        let template = try await orchestrator.template(named: body.templateID)
        let spec = try body.spec(template: template, defaultTimeout: defaultTimeout)
        let record = try await orchestrator.create(spec, idempotencyKey: key, for: request.principal)
        return WireJSON.response(.created, SandboxResponse(record, domain: domain.advertised(to: request.http.headers)))
    }

    @Sendable private func get(_ request: APIRequest) async throws -> HTTPResponse {
        let record = try await orchestrator.sandbox(request.sandboxID, for: request.principal)
        return WireJSON.response(
            .ok, SandboxDetailResponse(record, domain: domain.advertised(to: request.http.headers)))
    }

    @Sendable private func kill(_ request: APIRequest) async throws -> HTTPResponse {
        try await orchestrator.kill(request.sandboxID, for: request.principal)
        return HTTPResponse(status: .noContent)
    }

    static func idempotencyKey(_ headers: HTTPHeaders) throws -> String? {
        let keys = headers[idempotencyHeader]
        guard let key = keys.first else { return nil }
        let isWellFormed =
            keys.count == 1 && idempotencyKeyLengthRange.contains(key.utf8.count)
            && key.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
        guard isWellFormed else {
            throw SpecError.malformed(field: "Idempotency-Key", value: key, allowed: "1...255 characters of [a-z0-9-]")
        }
        return key
    }
}
