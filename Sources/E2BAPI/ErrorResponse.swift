import FoundationEssentials
import HTTPExchange
import Isolation
import Logging
import NIOCore
import NIOHTTP1
import Orchestrator
import SandboxModel

/// An error as the control plane's clients read it: `{"code":404,"message":".."}`. Every error becomes one here, and
/// nowhere else.
struct ErrorResponse: Hashable, Encodable {
    let code: Int
    let message: String

    /// What the text says of a failure that is none of the client's business.
    private static let opaque = "something went wrong on the server"

    init(_ status: HTTPResponseStatus, _ message: String) {
        code = Int(status.code)
        self.message = message
    }

    /// What a client is told of `error`. A cause inside the server is not; it is logged, with the id that the text
    /// names.
    init(_ error: any Error, requestID: String) {
        switch error {
        case let error as APIError: self = Self.of(error)
        case let error as OrchestratorError: self = Self.of(error, requestID: requestID)
        case let error as SpecError: self.init(.badRequest, error.description)
        case let error as BodyTooLarge:
            self.init(.payloadTooLarge, "the body is over the limit of \(error.limit) bytes")
        default: self.init(.internalServerError, "\(Self.opaque) (error id \(requestID))")
        }
    }

    private static func of(_ error: APIError) -> ErrorResponse {
        switch error {
        case .malformed(let sentence): ErrorResponse(.badRequest, sentence)
        case .unauthenticated(let sentence): ErrorResponse(.unauthorized, sentence)
        case .noSuchSandbox(let text): ErrorResponse(.notFound, noSuchSandbox(text))
        case .noSuchTemplate(let name): ErrorResponse(.notFound, noSuchTemplate(name))
        case .noSuchRoute(let path): ErrorResponse(.notFound, "there is no '\(path.prefix(200))' here")
        case .wrongMethod(let method, let allowed):
            ErrorResponse(.methodNotAllowed, "\(method) is not allowed here, only \(allowed.joined(separator: ", "))")
        case .wrongState(let sentence): ErrorResponse(.conflict, sentence)
        case .wrongContentType(let type):
            ErrorResponse(.unsupportedMediaType, "content-type '\(type.prefix(100))' is not application/json")
        case .pending(let what): ErrorResponse(.notImplemented, "\(what) is not in this version of Nestbox")
        }
    }

    private static func of(_ error: OrchestratorError, requestID: String) -> ErrorResponse {
        switch error {
        case .notFound(let id): ErrorResponse(.notFound, noSuchSandbox(id.text))
        case .templateNotFound(let name): ErrorResponse(.notFound, noSuchTemplate(name))
        case .refused(let refusal): ErrorResponse(.badRequest, refusal.description)
        case .idempotencyConflict(let key):
            ErrorResponse(
                .conflict, "Idempotency-Key '\(key)' belongs to another request, or to one that is still under way")
        case .noCapacity(let limit):
            ErrorResponse(
                .serviceUnavailable, "all \(limit) sandboxes of this server are in use (error id \(requestID))")
        case .poolExhausted(let settings, let template):
            ErrorResponse(
                .serviceUnavailable, """
                    all \(settings.maximum) sandboxes of the pool of '\(template)' are in use, and none came free \
                    within \(settings.acquireTimeoutMilliseconds) ms (error id \(requestID))
                    """)
        case .poolNotFound(let name): ErrorResponse(.notFound, "there is no pool of template '\(name.prefix(128))'")
        case .backend(let failure): of(failure, requestID: requestID)
        case .store: ErrorResponse(.internalServerError, "\(opaque) (error id \(requestID))")
        }
    }

    private static func of(_ failure: BackendError, requestID: String) -> ErrorResponse {
        switch failure.code {
        case .refused: ErrorResponse(.badRequest, "\(failure.step): \(failure.cause)")
        case .exhausted, .unavailable:
            ErrorResponse(.serviceUnavailable, "no sandbox can be served now (error id \(requestID))")
        case .notFound, .failed: ErrorResponse(.internalServerError, "\(opaque) (error id \(requestID))")
        }
    }

    private static func noSuchSandbox(_ id: String) -> String {
        "Sandbox \"\(id.prefix(64))\" doesn't exist or you don't have access to it"
    }

    private static func noSuchTemplate(_ name: String) -> String {
        "template '\(name.prefix(128))' not found"
    }
}

extension ErrorResponse {
    /// The response for `error`; one that is the server's fault is logged.
    static func response(_ error: any Error, to request: HTTPRequest, logger: Logger) -> HTTPResponse {
        let answer = ErrorResponse(error, requestID: request.id)
        if answer.code >= 500, answer.code != 501 {
            logger.error(
                "A request failed.",
                metadata: [
                    "request.id": "\(request.id)", "path": "\(request.target.rawPath)", "error": "\(error)",
                ])
        }
        var response = WireJSON.response(HTTPResponseStatus(statusCode: answer.code), answer)
        if answer.code == 503 { response.headers.add(name: "retry-after", value: "1") }
        if case .wrongMethod(_, let allowed) = error as? APIError {
            response.headers.add(name: "allow", value: allowed.joined(separator: ", "))
        }
        return response
    }
}

/// Why a request did not get as far as the orchestrator.
enum APIError: Error, Hashable {
    /// What is wrong with which field, in one sentence.
    case malformed(String)
    case unauthenticated(String)
    /// A sandbox's id that cannot be one is answered like one that is not there.
    case noSuchSandbox(String)
    case noSuchTemplate(String)
    case noSuchRoute(String)
    case wrongMethod(String, allowed: [String])
    case wrongState(String)
    case wrongContentType(String)
    /// Part of the contract, and of a later version.
    case pending(String)
}
