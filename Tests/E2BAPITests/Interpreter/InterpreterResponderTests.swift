import Foundation
import GuestClient
import HTTPExchange
import Interpreter
import Isolation
import Layers
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Orchestrator
import SandboxModel
import Testing

@testable import E2BAPI

/// What is answered before any kernel is asked. The sandbox's guest is not there.
@Suite struct InterpreterResponderTests {
    static func answer(
        _ method: HTTPMethod, _ path: String, _ body: String = "", headers: HTTPHeaders = [:],
        template id: String = "code", isNew: Bool = true
    ) async throws -> HTTPResponse? {
        let languages = ["python": LanguageSpec(command: try ProgramCommand(["/k"]))]
        let spec = try InterpreterSpec(defaultLanguage: "python", bootLanguages: ["python"], languages: languages)
        let limits = try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 512, inodes: 65_536)
        let template = Template(
            id: id, aliases: [], layers: [], user: "user", workingDirectory: nil, environment: [:],
            noNewPrivileges: false, limits: limits, interpreter: id == "code" ? spec : nil)
        let record = SandboxRecord(
            id: try SandboxID("itest"), tenant: .default, templateID: id, templateAlias: nil, state: .running,
            endReason: nil, createdAt: FixedClock().now, endsAt: FixedClock().now, metadata: [:], environment: [:],
            limits: limits, defaultUser: "user", defaultWorkingDirectory: nil, network: .isolated,
            accessToken: "token", generation: 1)
        let sandbox = LiveSandbox(record: record, guestSocketPath: "/nowhere/guest.sock")
        let directory = NSTemporaryDirectory() + "nestbox-none-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // the host tidies what is left
        let calls = BackendCalls(
            isThere: { _ in true },
            start: { _, _ in }, end: { _, _ in },
            land: { _, _ throws(BackendError) in
                throw BackendError(.notFound, backend: "none", step: "land", cause: "none")
            })
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let interpreter = Interpreter(
            guest: GuestClient(MultiThreadedEventLoopGroup.singleton), backend: calls,
            templates: TemplateStore(directory: directory), log: log)
        if isNew { interpreter.observe(.started(sandbox, template)) }
        var all: HTTPHeaders = ["content-type": "application/json"]
        for header in headers { all.replaceOrAdd(name: header.name, value: header.value) }
        let request = HTTPRequest(
            method: method, target: try #require(RequestTarget(path)), headers: all,
            body: RequestBody(ByteBuffer(string: body)), id: "r")
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await interpreter.run() }
            defer { group.cancelAll() }
            return await InterpreterResponder(interpreter: interpreter, logger: log).respond(to: request, in: sandbox)
        }
    }

    static func text(_ response: HTTPResponse?) -> String {
        if case .bytes(let bytes)? = response?.body { String(buffer: bytes) } else { "" }
    }

    static let token: HTTPHeaders = ["x-access-token": "token"]

    @Test func `its health is told to everybody`() async throws {
        let response = try await Self.answer(.GET, "/health")
        #expect(response?.status == .ok)
        #expect(Self.text(response) == #""OK""#)
    }

    @Test func `a sandbox of another template has none`() async throws {
        #expect(try await Self.answer(.GET, "/health", template: "base", isNew: false) == nil)
    }

    @Test func `the contexts from the start are listed, also to whoever has no token, as the clients ask`() async throws {
        let response = try await Self.answer(.GET, "/contexts")
        #expect(response?.status == .ok)
        let contexts = try JSONDecoder().decode([[String: String]].self, from: Data(Self.text(response).utf8))
        #expect(contexts == [["id": "python", "language": "python", "cwd": "/home/user"]])
    }

    @Test(arguments: [
        (HTTPMethod.POST, "/execute", nil), (.POST, "/execute", "wrong"), (.GET, "/contexts", "wrong"),
        (.POST, "/contexts", "toke"), (.DELETE, "/contexts/python", ""),
    ] as [(HTTPMethod, String, String?)])
    func `without its token no code is run, and a wrong one opens nothing`(
        method: HTTPMethod, path: String, token: String?
    ) async throws {
        let headers = HTTPHeaders(token.map { [("x-access-token", $0)] } ?? [])
        let response = try await Self.answer(method, path, #"{"code":"1"}"#, headers: headers)
        #expect(response?.status == .unauthorized)
    }

    @Test(arguments: [
        (HTTPMethod.POST, "/execute", "{", UInt(422), "the body is not valid JSON"),
        (.POST, "/execute", "[]", 422, "the body: is not an object"),
        (.POST, "/execute", "{}", 422, "code: is missing"),
        (.POST, "/execute", #"{"code":1}"#, 422, "code: is not a string"),
        (.POST, "/execute", #"{"code":"1","env_vars":{"a":1}}"#, 422, "env_vars.a: is not a string"),
        (.POST, "/execute", #"{"code":"1","env_vars":{"":"x"}}"#, 422, "env_vars: '' is no variable"),
        (
            .POST, "/execute", #"{"code":"1","context_id":"python","language":"python"}"#, 400,
            "Only one of context_id or language can be provided"
        ),
        (.POST, "/execute", #"{"code":"1","context_id":"none"}"#, 404, "Context none not found"),
        (.POST, "/execute", #"{"code":"1","language":"cobol"}"#, 400, "language: 'cobol' is not one of python"),
        (.POST, "/contexts", #"{"language":"js"}"#, 400, "language: 'javascript' is not one of python"),
        (.POST, "/contexts", #"{"cwd":"here"}"#, 422, "cwd: 'here' is not an absolute path"),
        (.POST, "/contexts/none/restart", "", 404, "Context none not found"),
        (.DELETE, "/contexts/none", "", 404, "Context none not found"),
        (.GET, "/execute", "", 405, "GET is not allowed here, only POST"),
        (.PUT, "/contexts", "", 405, "PUT is not allowed here, only GET, POST"),
        (.GET, "/", "", 404, "Not Found"),
    ])
    func `what is wrong is said`(
        method: HTTPMethod, path: String, body: String, status: UInt, sentence: String
    ) async throws {
        let response = try await Self.answer(method, path, body, headers: Self.token)
        #expect(response?.status.code == status)
        #expect(Self.text(response).hasPrefix(sentence))
    }

    @Test func `a body that is no JSON by its type is not read`() async throws {
        var headers = Self.token
        headers.add(name: "content-type", value: "text/plain")
        let response = try await Self.answer(.POST, "/execute", #"{"code":"1"}"#, headers: headers)
        #expect(response?.status == .unsupportedMediaType)
    }

    @Test func `a sandbox whose guest does not answer is gone, in the words that clients look for`() async throws {
        let response = try await Self.answer(.POST, "/execute", #"{"code":"1"}"#, headers: Self.token)
        #expect(response?.status == .badGateway)
        #expect(Self.text(response).contains("The sandbox was not found"))
    }

    @Test(arguments: [("JS", "javascript"), (" ts ", "typescript"), ("Python", "python"), ("", nil), (nil, nil)])
    func `languages go by several names`(name: String?, normal: String?) {
        #expect(LanguageName.normal(name) == normal)
    }
}
