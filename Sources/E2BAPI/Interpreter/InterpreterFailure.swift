import HTTPExchange
import Interpreter
import NIOCore
import NIOHTTP1
import SandboxModel

/// Why the code interpreter did not do what was asked: a status and a sentence in plain text, as the server answers
/// that the clients know.
struct InterpreterFailure: Error, Hashable {
    let status: HTTPResponseStatus
    let sentence: String

    init(_ status: HTTPResponseStatus, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    init(_ error: InterpreterError) {
        switch error {
        case .contextNotFound(let id): self.init(.notFound, "Context \(id.prefix(100)) not found")
        case .unknownLanguage(let name, let known):
            self.init(
                .badRequest, "language: '\(name.prefix(100))' is not one of \(known.joined(separator: ", "))")
        case .tooManyContexts(let limit):
            self.init(.tooManyRequests, "the sandbox has \(limit) contexts, as many as it may")
        case .rowIsFull(let limit):
            self.init(.tooManyRequests, "\(limit) executions wait for this context, as many as may")
        case .requestTooLong(let limit):
            self.init(.payloadTooLarge, "the code and its variables are over the limit of \(limit) bytes")
        case .budgetIsUsedUp(let limit):
            self.init(.tooManyRequests, InterpreterError.budgetSentence(limit))
        case .refused(let sentence): self.init(.badRequest, sentence)
        case .kernelFailed(let sentence): self.init(.internalServerError, sentence)
        case .sandboxIsGone: self.init(.badGateway, "The sandbox was not found")
        case .unavailable: self.init(.serviceUnavailable, "the server is ending")
        }
    }

    func response(for sandbox: SandboxID) -> HTTPResponse {
        guard status != .badGateway else { return SandboxGone.response(sandbox) }
        return HTTPResponse(
            status: status, headers: ["content-type": "text/plain; charset=utf-8"],
            body: .bytes(ByteBuffer(string: sentence)))
    }
}
