import Foundation
import GuestClient
import GuestProtocol
import Isolation
import KernelProtocol
import Layers
import Logging
import NIOPosix
import Orchestrator
import SandboxModel
import Synchronization
import Testing

@testable import Interpreter

/// An interpreter at work on one sandbox whose guest and kernels are the test's.
struct Studio: Sendable {
    let interpreter: Interpreter
    let guest: FakeGuest
    let sandbox: LiveSandbox
    let contexts: SandboxContexts
    let landings: Landings

    /// What the backend was told, and what it answers.
    final class Landings: Sendable {
        let words = Mutex<[[UInt8]]>([])
    }

    /// Code, and its share of the sandbox's budget.
    func code(_ text: String, environment: [String: String] = [:]) throws -> ExecutableCode {
        try ExecutableCode(text, environment: environment, share: contexts.admit())
    }

    /// Runs code to its end.
    func run(
        _ code: String, context: String? = nil, language: String? = nil, environment: [String: String] = [:]
    ) async throws -> [ExecutionEvent] {
        let place = try await contexts.place(context: context, language: language)
        let heard = Heard()
        try await contexts.execute(self.code(code, environment: environment), in: place) { heard.add($0) }
        return heard.events
    }
}

extension Studio {
    /// What a request does: on an event loop.
    func onEventLoop(_ body: () async throws -> Void) async throws {
        try await withTaskExecutorPreference(LoopExecutor(MultiThreadedEventLoopGroup.singleton.any()), operation: body)
    }
}

/// What a client heard.
final class Heard: Sendable {
    private let all = Mutex<[ExecutionEvent]>([])

    func add(_ events: [ExecutionEvent]) { all.withLock { $0 += events } }
    var events: [ExecutionEvent] { all.withLock { $0 } }
}

extension [ExecutionEvent] {
    /// In words: `out:`, `err:` and what else there is, without the times.
    var words: [String] {
        map { event in
            switch event {
            case .count(let count): "count \(count)"
            case .output(.standardOutput, let text, _): "out \(text)"
            case .output(.standardError, let text, _): "err \(text)"
            case .result(let result):
                "result \(result.forms.map { String(decoding: $0.value.bytes, as: UTF8.self) }.joined(separator: ","))"
            case .error(let error): "error \(error.name.text ?? "")"
            case .keepalive: "keepalive"
            case .end: "end"
            }
        }
    }

    var error: String? {
        for case .error(let error) in self { return error.value.text }
        return nil
    }
}

extension InterpreterLimits {
    /// Of the right kind, and short.
    static var brisk: InterpreterLimits {
        var limits = InterpreterLimits()
        limits.interruptGrace = .milliseconds(300)
        limits.startPatience = .seconds(5)
        limits.landingPatience = .milliseconds(200)
        limits.inspectionPatience = .milliseconds(500)
        limits.greetingPatience = .milliseconds(300)
        return limits
    }
}

/// - Parameters:
///   - isNew: made in this life of the server, not found.
///   - isThere: what the backend says of the sandbox.
///   - hasZygote: the template has one, and the backend lands kernels; `lands` says what comes of it.
func withStudio(
    limits: InterpreterLimits = .brisk, isNew: Bool = true, isThere: Bool = true,
    hasZygote: Bool = false, pool: any TaskExecutor = globalConcurrentExecutor,
    lands: @escaping @Sendable (FakeGuest) throws(BackendError) -> UInt32 = { guest in guest.plant("python").pid },
    startFails: @escaping @Sendable (StartProcess) -> (exit: ProcessExit, words: String)? = { _ in nil },
    before: (FakeGuest) -> Void = { _ in }, _ body: (Studio) async throws -> Void
) async throws {
    try await FakeGuest.lend(startFails: startFails) { guest in
        before(guest)
        let directory = try TemplateDirectory(hasZygote: hasZygote)
        defer { directory.remove() }
        let landings = Studio.Landings()
        let calls = BackendCalls(
            isThere: { _ in isThere },
            start: { _, _ in }, end: { _, _ in },
            land: { _, words throws(BackendError) in
                landings.words.withLock { $0.append(words) }
                return try lands(guest)
            })
        let templates = TemplateStore(directory: directory.path)
        let template = try #require(try await templates.template(named: "code"))
        let interpreter = Interpreter(
            guest: GuestClient(MultiThreadedEventLoopGroup.singleton), backend: calls, templates: templates,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limits: limits, pool: pool)
        let sandbox = try LiveSandbox.test(guest.socketPath)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await interpreter.run() }
            if hasZygote {
                interpreter.observe(.reconciled([sandbox]))
                let key = ZygoteKey(tenant: .default, templateID: "code")
                try await expectEventually {
                    if case .ready = await interpreter.zygotes.table[key] { true } else { false }
                }
            }
            if isNew { interpreter.observe(.started(sandbox, template)) }
            let contexts = try #require(try await interpreter.contexts(of: sandbox))
            try await body(
                Studio(
                    interpreter: interpreter, guest: guest, sandbox: sandbox, contexts: contexts, landings: landings))
            tasks.cancelAll()
        }
    }
}

/// `#expect` takes no `try await` within a closure.
func expect<Value: Equatable>(
    _ value: Value, is wanted: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(value == wanted, sourceLocation: sourceLocation)
}

/// Waits for what another task is about to bring about.
func expectEventually(
    _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let limit = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < limit {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(1))
    }
    Issue.record("it did not come about", sourceLocation: sourceLocation)
}

extension LiveSandbox {
    static func test(_ socketPath: String) throws -> LiveSandbox {
        let record = SandboxRecord(
            id: try SandboxID("itest"), tenant: .default, templateID: "code", templateAlias: nil, state: .running,
            endReason: nil, createdAt: Timestamp(unixMilliseconds: 0), endsAt: Timestamp(unixMilliseconds: 1),
            metadata: [:], environment: ["A": "of the sandbox"],
            limits: try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 512, inodes: 65_536), defaultUser: "user",
            defaultWorkingDirectory: nil, network: .isolated, accessToken: "token", generation: 1)
        return LiveSandbox(record: record, guestSocketPath: socketPath)
    }
}

extension Template {
    static func test(hasZygote: Bool = false, layers: [String] = ["l1"], forks: Int = 100) throws -> Template {
        let languages = ["python", "javascript", "bash", "mute"]
        let interpreter = try InterpreterSpec(
            defaultLanguage: "python", bootLanguages: ["python", "javascript"],
            languages: Dictionary(
                uniqueKeysWithValues: languages.map {
                    ($0, LanguageSpec(command: try ProgramCommand(["/kernels/\($0)", "-x"])))
                }))
        let zygote = try ZygoteSpec(
            language: "python", command: ProgramCommand(["/kernels/zygote"]), memoryMiB: 512, forks: forks,
            interpreter: interpreter)
        return Template(
            id: "code", aliases: [], layers: layers, user: "user", workingDirectory: nil, environment: [:],
            noNewPrivileges: false, limits: try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 512, inodes: 65_536),
            interpreter: interpreter, zygote: hasZygote ? zygote : nil)
    }
}

/// The same template, on disk.
struct TemplateDirectory {
    let path = NSTemporaryDirectory() + "nestbox-templates-\(UUID().uuidString.prefix(8))"

    init(hasZygote: Bool) throws {
        let digest = String(repeating: "a", count: 64)
        try FileManager.default.createDirectory(atPath: path + "/code", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: path + "/layers", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(path)/layers/\(digest).erofs"))
        let languages = ["python", "javascript", "bash", "mute"]
            .map { #""\#($0)":{"command":["/kernels/\#($0)","-x"]}"# }.joined(separator: ",")
        let zygote = #","zygote":{"language":"python","command":["/z"],"memoryMiB":512,"forks":100}"#
        let interpreter = #"{"default":"python","boot":["python","javascript"],"languages":{\#(languages)}}"#
        let json = #"{"id":"code","name":"code","aliases":[],"layers":["\#(digest)"],"user":"user","#
            + #""environment":{},"noNewPrivileges":false,"cpuCount":1,"memoryMiB":512,"diskMiB":512,"inodes":65536,"#
            + #""interpreter":\#(interpreter)\#(hasZygote ? zygote : "")}"#
        try Data(json.utf8).write(to: URL(fileURLWithPath: "\(path)/code/template.json"))
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)  // the host tidies what is left
    }
}
