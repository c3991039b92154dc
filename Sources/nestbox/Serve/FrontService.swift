import Auth
import E2BAPI
import Edge
import Foundation
import Glibc
import GuestClient
import HTTPExchange
import Interpreter
import Logging
import NIOCore
import Orchestrator
import Persistence
import SandboxModel

/// The listener and all that answers behind it. Opens when the orchestrator knows what is alive, so that no sandbox is
/// denied that is there.
struct FrontService: Sendable {
    private let settings: Settings
    private let orchestrator: Orchestrator
    private let watchers = WatcherService()
    private let edge: EdgeServer

    init(
        _ settings: Settings, orchestrator: Orchestrator, interpreter: Interpreter, guest: GuestClient,
        keys: KeyService, log: Logger
    ) throws {
        self.settings = settings
        self.orchestrator = orchestrator
        let envd = EnvdResponder(
            orchestrator: orchestrator, guest: guest, watchers: watchers, clock: SystemClock(), logger: log)
        let controlPlane = ControlPlane(
            orchestrator: orchestrator, domain: settings.domain,
            authenticate: { text in await Self.principal(text, keys, log) }, logger: log)
        let codeInterpreter = InterpreterResponder(interpreter: interpreter, logger: log)
        let routing = EdgeRouting(
            domain: settings.domain, controlPlane: controlPlane,
            live: { await orchestrator.live($0) },
            signatureOwner: { envd.signatureOwner(of: $0, among: await orchestrator.allLive()) },
            envd: { await envd.respond(to: $0, in: $1) },
            interpreter: { await codeInterpreter.respond(to: $0, in: $1) },
            dial: { sandbox, port, eventLoop, addHandlers in
                try await guest.dial(
                    port: port, socketPath: sandbox.guestSocketPath, on: eventLoop, addHandlers: addHandlers)
            })
        edge = EdgeServer(
            host: settings.listen.host, port: Int(settings.listen.port), routing: routing,
            tls: try Self.identity(settings, log), logger: log)
    }

    func run() async throws {
        await orchestrator.recovered()
        guard !Task.isCancelled else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watchers.run() }
            try await edge.run { address in await announce(address) }
            group.cancelAll()
        }
        try ServerState.clear(data: ServerRights.data)
    }

    private func announce(_ address: SocketAddress) async {
        let state = ServerState(
            host: settings.listen.host, port: address.port ?? Int(settings.listen.port), domain: settings.domain,
            hasOwnAuthority: settings.tlsCertificate == nil)
        do {
            try state.write(data: ServerRights.data)
        } catch {
            Monitor.say("\(error); `nestbox env` will not find this server")
        }
        // Not `print`: into a pipe it would come when the buffer is full.
        let line = Array("nestbox: ready on \(state.url)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)  // whoever waits for it is gone
    }

    /// A store that fails lets nobody in.
    private static func principal(_ text: String, _ keys: KeyService, _ log: Logger) async -> Principal? {
        do {
            return try await keys.authenticate(text)
        } catch {
            log.error("an API key could not be checked", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The operator's certificate, or one of the installation's own authority.
    private static func identity(_ settings: Settings, _ log: Logger) throws -> TLSIdentity {
        let names = ServerNames(domain: settings.domain)
        guard let given = try TLSFiles.received(settings) else { return try ownIdentity(names) }
        // Nobody is to trust an authority that does not sign here any more.
        try InPlaceFile.write(Data(), to: "\(ServerRights.data)/\(DataDirectory.certificatePath)")
        log.info("TLS by the operator's certificate", metadata: ["ends": "\(given.endsAt)"])
        let missing = given.namesMissing(names)
        if !missing.isEmpty {
            log.warning(
                "the TLS certificate is not for every name that clients use",
                metadata: ["missing": "\(missing.joined(separator: " "))"])
        }
        return try TLSIdentity(given: given)
    }

    /// The authority's certificate is copied to where clients may read it.
    private static func ownIdentity(_ names: ServerNames) throws -> TLSIdentity {
        let own = "\(ServerRights.data)/server"
        let authority = try CertificateAuthority.load(dataDirectory: own)
        let certificate = try Data(contentsOf: URL(fileURLWithPath: "\(own)/\(CertificateAuthority.certificatePath)"))
        try InPlaceFile.write(certificate, to: "\(ServerRights.data)/\(DataDirectory.certificatePath)")
        return try TLSIdentity(authority: authority, names: names)
    }
}
