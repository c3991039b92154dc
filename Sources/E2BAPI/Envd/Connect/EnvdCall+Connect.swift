import GuestClient
import HTTPExchange
import NIOCore
import NIOHTTP1

/// The three shapes of a call in the Connect protocol. Each takes what decodes, does and answers, and owns the framing:
/// content types, envelopes, the end of the stream.
extension EnvdCall {
    /// One message in, one out.
    func unary<Message: Decodable, Answer: Encodable>(
        _: Message.Type, _ body: (Message, ConnectCall) async throws -> Answer
    ) async -> HTTPResponse {
        await unaryJSON(Message.self) { message, call in try ProtoJSON.encode(try await body(message, call)) }
    }

    /// One message in, one out that is encoded already.
    func unaryJSON<Message: Decodable>(
        _: Message.Type, _ body: (Message, ConnectCall) async throws -> ByteBuffer
    ) async -> HTTPResponse {
        if let refusal = refusal(unless: .unary) { return refusal }
        do {
            let call = try ConnectCall(request.headers)
            let bytes = try await request.body.collect(upTo: EnvdLimits.messageBytes)
            return .json(.ok, try await body(ProtoJSON.decodeAnywhere(Message.self, from: bytes), call))
        } catch {
            return unaryResponse(for: error)
        }
    }

    /// One message in, a stream out. What `body` throws ends the stream.
    /// - Parameter isOwed: `body` runs once the message is there, though the client may be gone by then.
    func serverStream<Message: Decodable & Sendable>(
        _: Message.Type, isOwed: Bool = false,
        _ body: @escaping @Sendable (Message, ConnectCall, ConnectStream) async throws -> Void
    ) async -> HTTPResponse {
        if let refusal = refusal(unless: .stream) { return refusal }
        let opening: Result<(Message, ConnectCall), ConnectError>
        do {
            let call = try ConnectCall(request.headers)
            var messages = ConnectMessages(request.body)
            let message = try await ProtoJSON.decodeAnywhere(Message.self, from: try await messages.only())
            opening = .success((message, call))
        } catch {
            opening = .failure(connectError(for: error))
        }
        return streamResponse { stream in
            let (message, call) = try opening.get()
            if !isOwed { try Task.checkCancellation() }
            try await body(message, call, stream)
        }
    }

    /// A stream in, one message out, which the protocol puts into a stream too.
    func clientStream(
        _ body: @escaping @Sendable (inout ConnectMessages, ConnectCall) async throws -> Void
    ) async -> HTTPResponse {
        if let refusal = refusal(unless: .stream) { return refusal }
        // Before the head is sent: a client that streams its input may not read before it has ended.
        let outcome: Result<Void, ConnectError>
        do {
            var messages = ConnectMessages(request.body)
            outcome = .success(try await body(&messages, try ConnectCall(request.headers)))
        } catch {
            outcome = .failure(connectError(for: error))
        }
        return streamResponse { stream in
            try outcome.get()
            try await stream.send(json: "{}")
        }
    }

    private func streamResponse(
        _ body: @escaping @Sendable (ConnectStream) async throws -> Void
    ) -> HTTPResponse {
        let headers: HTTPHeaders = ["content-type": ConnectCall.Kind.stream.rawValue]
        return HTTPResponse(
            status: .ok, headers: headers,
            body: .stream(length: nil) { writer in
                let stream = ConnectStream(writer: writer)
                do {
                    try await body(stream)
                } catch let gone as ClientGone {
                    throw gone
                } catch {
                    try Task.checkCancellation()
                    return try await stream.end(connectError(for: error))
                }
                try await stream.end(nil)
            })
    }

    private func unaryResponse(for error: any Error) -> HTTPResponse {
        if case .unreachable = error as? GuestClientError { return SandboxGone.response(sandbox.record.id) }
        let error = connectError(for: error)
        // Two texts always make JSON.
        return .json(error.code.status, (try? ProtoJSON.encode(error)) ?? ByteBuffer())
    }

    /// 405 and 415, which stand outside of the protocol's own errors.
    private func refusal(unless kind: ConnectCall.Kind) -> HTTPResponse? {
        guard request.method == .POST else {
            return HTTPResponse(status: .methodNotAllowed, headers: ["allow": "POST"])
        }
        guard ConnectCall.hasContentType(kind, request.headers) else {
            return HTTPResponse(status: .unsupportedMediaType, headers: ["accept-post": kind.rawValue])
        }
        return nil
    }
}
