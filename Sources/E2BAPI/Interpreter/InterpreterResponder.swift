import HTTPExchange
import Interpreter
import KernelProtocol
import Logging
import NIOCore
import NIOHTTP1
import Orchestrator
import SandboxModel

/// Answers port 49999 of a sandbox: what E2B's clients call the code interpreter.
public struct InterpreterResponder: Sendable {
    /// Of the body of anything but `/execute`, in bytes.
    static let contextBodyBytes = 64 << 10
    /// A longer body is not decoded on an event loop's thread, in bytes.
    static let promptBodyBytes = 64 << 10

    private let interpreter: Interpreter
    private let logger: Logger

    public init(interpreter: Interpreter, logger: Logger) {
        self.interpreter = interpreter
        self.logger = logger
    }

    /// - Returns: nil if the sandbox's template runs no code.
    public func respond(to request: HTTPRequest, in sandbox: LiveSandbox) async -> HTTPResponse? {
        do {
            guard let contexts = try await interpreter.contexts(of: sandbox) else { return nil }
            return try await respond(to: request, in: sandbox, contexts)
        } catch {
            return failure(for: error, request, sandbox).response(for: sandbox.record.id)
        }
    }

    private func respond(
        to request: HTTPRequest, in sandbox: LiveSandbox, _ contexts: SandboxContexts
    ) async throws -> HTTPResponse {
        let route = try InterpreterRoute(request.method, request.target)
        try authorize(request, for: route, in: sandbox)
        switch route {
        case .health: return .json(.ok, ByteBuffer(string: #""OK""#))
        case .execute: return try await execute(request, contexts)
        case .listContexts: return WireJSON.response(.ok, try await contexts.list().map(ContextResponse.init))
        case .createContext: return try await create(request, contexts)
        case .restartContext(let id):
            try await contexts.restart(id)
            return .json(.ok, ByteBuffer(string: "null"))
        case .removeContext(let id):
            try await contexts.remove(id)
            return .json(.ok, ByteBuffer(string: "null"))
        }
    }

    /// Code is run for whoever holds the sandbox's token. The clients send it with nothing else, so that for the rest
    /// it is enough to know the sandbox's name; a wrong token is refused everywhere.
    private func authorize(
        _ request: HTTPRequest, for route: InterpreterRoute, in sandbox: LiveSandbox
    ) throws(InterpreterFailure) {
        let tokens = request.headers["x-access-token"]
        let token = sandbox.record.accessToken
        // No sandbox is without a token; if one were, nobody would hold it.
        let isHeld = !token.isEmpty && tokens.count == 1 && ConstantTime.areEqual(tokens[0], token)
        guard isHeld || route == .health || (tokens.isEmpty && route != .execute) else {
            throw InterpreterFailure(
                .unauthorized, "unauthorized access, please provide the sandbox's access token in X-Access-Token")
        }
    }

    // MARK: - Calls

    private func execute(_ request: HTTPRequest, _ contexts: SandboxContexts) async throws -> HTTPResponse {
        let (code, contextID, language) = try await code(of: request, contexts)
        let context = try await contexts.place(context: contextID, language: language)
        return HTTPResponse(
            status: .ok, headers: ["content-type": "application/json"],
            body: .stream(length: nil) { writer in
                try await contexts.execute(code, in: context) { events in
                    for piece in EventLines(events) { try await writer.write(piece) }
                }
            })
    }

    /// What is to run, and in which context or language. Nothing else is left of the body then.
    private func code(
        of request: HTTPRequest, _ contexts: SandboxContexts
    ) async throws -> (ExecutableCode, contextID: String?, language: String?) {
        let share = try contexts.admit()
        var count = 0
        let message = try await body(ExecuteRequest.self, of: request, upTo: KernelLimits.requestBytes) { bytes in
            try share.take(bytes)
            count += bytes
        }
        let code = try ExecutableCode(message.code, environment: message.environment(), share: share, body: count)
        return (code, message.contextID, message.languageName)
    }

    private func create(_ request: HTTPRequest, _ contexts: SandboxContexts) async throws -> HTTPResponse {
        let message = try await body(CreateContextRequest.self, of: request, upTo: Self.contextBodyBytes)
        let context = try await contexts.create(
            language: message.languageName, workingDirectory: message.workingDirectory())
        return WireJSON.response(.ok, ContextResponse(context))
    }

    private func body<Message: Decodable & Sendable>(
        _: Message.Type, of request: HTTPRequest, upTo limit: Int, admit: (Int) throws -> Void = { _ in }
    ) async throws -> Message {
        let type = (request.headers.first(name: "content-type") ?? "").lowercased()
        guard type.split(separator: ";").first == "application/json" else {
            throw InterpreterFailure(
                .unsupportedMediaType, "content-type '\(type.prefix(100))' is not application/json")
        }
        let bytes = try await request.body.collect(upTo: limit, admit: admit)
        let isLong = bytes.readableBytes > Self.promptBodyBytes
        return try await withTaskExecutorPreference(isLong ? globalConcurrentExecutor : nil) {
            try WireJSON.decode(Message.self, from: bytes)
        }
    }

    // MARK: - Failures

    private func failure(
        for error: any Error, _ request: HTTPRequest, _ sandbox: LiveSandbox
    ) -> InterpreterFailure {
        switch error {
        case let failure as InterpreterFailure: return failure
        case let error as InterpreterError: return InterpreterFailure(error)
        case let error as BodyTooLarge:
            return InterpreterFailure(.payloadTooLarge, "the body is over the limit of \(error.limit) bytes")
        case APIError.malformed(let sentence): return InterpreterFailure(.unprocessableEntity, sentence)
        case is ClientGone, is CancellationError:
            return InterpreterFailure(.badRequest, "the request ended too early")
        default:
            logger.error(
                "the code interpreter failed",
                metadata: [
                    "sandbox.id": "\(sandbox.record.id)", "request.id": "\(request.id)", "error": "\(error)",
                ])
            return InterpreterFailure(.internalServerError, "internal error, request \(request.id)")
        }
    }
}
