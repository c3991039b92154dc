import GuestClient
import GuestProtocol
import HTTPExchange
import NIOCore
import Orchestrator
import SandboxModel

/// One request, the sandbox that it is for, and the way to that sandbox's guest.
struct EnvdCall: Sendable {
    let request: HTTPRequest
    let sandbox: LiveSandbox
    let environment: EnvdEnvironment

    /// An operation with one reply.
    func ask(
        _ question: GuestRequest, timeout: TimeAmount? = nil
    ) async throws(GuestClientError) -> GuestReply {
        let limit = min(timeout ?? GuestClientLimits.replyTimeout, GuestClientLimits.replyTimeout)
        return try await environment.guest.call(question, to: sandbox.guestSocketPath, timeout: limit)
    }

    /// An operation whose reply is `ok`.
    func tell(_ question: GuestRequest, timeout: TimeAmount? = nil) async throws(GuestClientError) {
        let reply = try await ask(question, timeout: timeout)
        guard reply == .ok else { throw .protocolViolation("\(reply) where ok was due") }
    }

    /// An operation whose reply is an entry.
    func entry(_ question: GuestRequest, timeout: TimeAmount? = nil) async throws(GuestClientError) -> FileEntry {
        let reply = try await ask(question, timeout: timeout)
        guard case .entry(let entry) = reply else { throw .protocolViolation("\(reply) where an entry was due") }
        return entry
    }

    /// An operation that the caller holds, see `GuestClient.open`.
    func open(_ question: GuestRequest, idle: TimeAmount) async throws(GuestClientError) -> GuestExchange {
        try await environment.guest.open(question, to: sandbox.guestSocketPath, idle: idle)
    }

    func withExchange<Result: Sendable>(
        _ question: GuestRequest, isOwed: Bool = false, idle: TimeAmount? = nil, timeout: TimeAmount? = nil,
        _ body: (inout GuestExchange) async throws -> Result
    ) async throws -> Result {
        try await environment.guest.withExchange(
            question, to: sandbox.guestSocketPath, isOwed: isOwed, idle: idle, timeout: timeout, body)
    }

    /// Says in the server's log what the client is not told.
    func log(_ error: any Error) {
        environment.logger.warning(
            "an operation in a sandbox failed",
            metadata: [
                "sandbox.id": "\(sandbox.record.id)", "request.id": "\(request.id)", "error": "\(error)",
            ])
    }
}
