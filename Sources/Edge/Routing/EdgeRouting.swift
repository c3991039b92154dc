import HTTPExchange
import NIOCore
import NIOHTTP1
import Orchestrator
import SandboxModel

/// The top of the edge: whose a request is, and who answers it.
public struct EdgeRouting: Sendable {
    /// Where the server itself answers as the sandbox's agent.
    public static let envdPort: UInt16 = 49983
    /// Where the server itself answers as the code interpreter, if the sandbox's template has one. In any other sandbox
    /// the port is one like every other.
    public static let codeInterpreterPort: UInt16 = 49999

    /// Answers what is sent to a sandbox's agent.
    public typealias SandboxResponder = @Sendable (HTTPRequest, LiveSandbox) async -> HTTPResponse

    /// The same for the code interpreter; nil if the sandbox has none.
    public typealias InterpreterResponder = @Sendable (HTTPRequest, LiveSandbox) async -> HTTPResponse?

    /// Opens a connection to a port inside a sandbox, on the given event loop. The channel does not read by itself, and
    /// the handlers are added on its event loop before its first byte or its end is delivered.
    public typealias Dial =
        @Sendable (LiveSandbox, UInt16, any EventLoop, @escaping @Sendable (any Channel) throws -> Void) async throws
        -> any Channel

    let domain: String
    private let controlPlane: any HTTPResponder
    private let live: @Sendable (SandboxID) async -> LiveSandbox?
    private let signatureOwner: @Sendable (HTTPRequest) async -> LiveSandbox?
    private let envd: SandboxResponder
    private let interpreter: InterpreterResponder
    private let proxy: PortProxy

    /// - Parameters:
    ///   - domain: sandboxes are `{port}-{id}.{domain}`; lower case, no port.
    ///   - live: a sandbox that is alive.
    ///   - signatureOwner: whose token signed a `/files` URL.
    ///   - envd: answers as a sandbox's agent.
    ///   - interpreter: answers as a sandbox's code interpreter.
    ///   - dial: connects to a port inside a sandbox; throws if nobody listens there.
    public init(
        domain: String, controlPlane: any HTTPResponder,
        live: @escaping @Sendable (SandboxID) async -> LiveSandbox?,
        signatureOwner: @escaping @Sendable (HTTPRequest) async -> LiveSandbox?,
        envd: @escaping SandboxResponder,
        interpreter: @escaping InterpreterResponder,
        dial: @escaping Dial,
        limits: EdgeLimits = EdgeLimits()
    ) {
        self.domain = domain.lowercased()
        self.controlPlane = controlPlane
        self.live = live
        self.signatureOwner = signatureOwner
        self.envd = envd
        self.interpreter = interpreter
        proxy = PortProxy(dial: dial, limits: limits)
    }
}

extension EdgeRouting: EdgeResponder {
    func serve(_ request: HTTPRequest, _ reply: Reply) async {
        switch RouteDecision.decide(target: request.target, headers: request.headers, domain: domain) {
        case .controlPlane:
            await reply.send(controlPlane.respond(to: request))
        case .signedFile:
            await serveSignedFile(request, reply)
        case .sandbox(let id, let port):
            guard let sandbox = await live(id) else { return await reply.send(SandboxErrors.notFound(id, to: request)) }
            await serve(request, reply, sandbox, port)
        case .refused(let reason):
            await reply.send(Self.refusal(.badRequest, reason))
        }
    }

    private func serve(_ request: HTTPRequest, _ reply: Reply, _ sandbox: LiveSandbox, _ port: UInt16) async {
        if port == Self.envdPort { return await reply.send(envd(request, sandbox)) }
        if port == Self.codeInterpreterPort, let response = await interpreter(request, sandbox) {
            return await reply.send(response)
        }
        await proxy.serve(request, reply, sandbox, port: port)
    }

    private func serveSignedFile(_ request: HTTPRequest, _ reply: Reply) async {
        guard let sandbox = await signatureOwner(request) else {
            return await reply.send(Self.refusal(.unauthorized, "invalid signature"))
        }
        await reply.send(envd(request, sandbox))
    }

    private static func refusal(_ status: HTTPResponseStatus, _ message: String) -> HTTPResponse {
        .json(status, ByteBuffer(string: ErrorBody.json(code: Int(status.code), message: message)))
    }
}
