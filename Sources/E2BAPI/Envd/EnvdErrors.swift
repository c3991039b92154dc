import GuestClient
import GuestProtocol
import HTTPExchange
import NIOHTTP1

// The two tables below are the only places where an error becomes a code of the wire. A cause that is none of the
// client's business is logged, and the client gets the request's id to ask for it.

extension EnvdCall {
    /// The response for an error of an HTTP endpoint. For a client that is gone it is never sent.
    func response(for error: any Error) -> HTTPResponse {
        switch error {
        case let failure as EnvdFailure: failure.response
        case let error as ConnectError: EnvdFailure(error.code.status, error.message).response
        case let error as BodyTooLarge:
            EnvdFailure(.payloadTooLarge, "the body is over the limit of \(error.limit) bytes").response
        case let error as GuestClientError: response(for: error)
        case is ClientGone, is CancellationError: EnvdFailure(.badRequest, "the request ended too early").response
        default: unexpected(error).response
        }
    }

    private func response(for error: GuestClientError) -> HTTPResponse {
        switch error {
        case .failure(let failure): EnvdFailure(failure.code.status, failure.message).response
        case .unreachable: SandboxGone.response(sandbox.record.id)
        case .requestTooLong(let length, let limit):
            EnvdFailure(.badRequest, "the request is \(length) bytes long, over the limit of \(limit)").response
        case .timedOut: EnvdFailure(.gatewayTimeout, "the sandbox did not answer in time").response
        case .hungUp, .protocolViolation, .cancelled, .transport: unexpected(error).response
        }
    }

    private func unexpected(_ error: any Error) -> EnvdFailure {
        log(error)
        return EnvdFailure(.internalServerError, "internal error, request \(request.id)")
    }

    /// What a Connect client is told.
    func connectError(for error: any Error) -> ConnectError {
        switch error {
        case let error as ConnectError: return error
        case let error as GuestClientError: return connectError(for: error)
        case let failure as EnvdFailure: return ConnectError(.invalidArgument, failure.message)
        case let error as BodyTooLarge:
            return ConnectError(.resourceExhausted, "the message is over the limit of \(error.limit) bytes")
        case is ClientGone, is CancellationError: return ConnectError(.canceled, "the request ended too early")
        default:
            log(error)
            return ConnectError(.internal, "internal error, request \(request.id)")
        }
    }

    private func connectError(for error: GuestClientError) -> ConnectError {
        switch error {
        case .failure(let failure): return ConnectError(failure.code.connectCode, failure.message)
        case .requestTooLong(let length, let limit):
            return ConnectError(.invalidArgument, "the request is \(length) bytes long, over the limit of \(limit)")
        case .timedOut(.awaitingReply): return ConnectError(.deadlineExceeded, "the time for this call is up")
        case .cancelled: return ConnectError(.canceled, "the request ended too early")
        // Unavailable makes the client ask `/health`, which tells it whether the sandbox is over.
        case .unreachable, .hungUp, .timedOut(.connecting):
            return ConnectError(
                .unavailable, "the connection to sandbox \(sandbox.record.id) ended before the call completed")
        case .protocolViolation, .transport:
            log(error)
            return ConnectError(.internal, "internal error, request \(request.id)")
        }
    }
}

extension GuestFailure.Code {
    var status: HTTPResponseStatus {
        switch self {
        case .invalidArgument, .alreadyExists, .wrongChannel: .badRequest
        case .notFound: .notFound
        case .permissionDenied: .forbidden
        case .noSpace: .insufficientStorage
        case .unknownUser: .unauthorized
        case .notSupported: .notImplemented
        case .resourceExhausted: .tooManyRequests
        case .connectionRefused: .badGateway
        case .other: .internalServerError
        }
    }

    var connectCode: ConnectCode {
        switch self {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .permissionDenied: .permissionDenied
        case .noSpace, .resourceExhausted: .resourceExhausted
        case .unknownUser: .unauthenticated
        case .wrongChannel, .other: .internal
        case .notSupported: .unimplemented
        case .connectionRefused: .unavailable
        }
    }
}
