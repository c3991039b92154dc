import Isolation
import Logging
import SandboxModel
import SpawnerProtocol
import Testing
import WireCoding

@testable import IsolationBackends

@Suite struct ProcessBackendTests {
    private static let deadline = Timestamp(unixMilliseconds: 1_800_000_000_000)

    /// Lends a backend that is connected to a spawner of that script.
    private static func with(
        _ script: @escaping FakeSpawner.Script,
        _ body: (ProcessBackend, FakeSpawner, inout AsyncStream<BackendEvent>.AsyncIterator) async throws -> Void
    ) async throws {
        try await FakeSpawner.with(script) { spawner in
            let backend = ProcessBackend(
                socketDirectory: spawner.directory, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await backend.run() }
                var events = backend.events.makeAsyncIterator()
                #expect(await events.next() == .reconnected)
                try await body(backend, spawner, &events)
                group.cancelAll()
            }
        }
    }

    private static func spec() throws -> SandboxSpec {
        try SandboxSpec(
            template: Template(
                id: "base", aliases: [], layers: [String(repeating: "a", count: 64)], user: "user",
                workingDirectory: nil, environment: [:], noNewPrivileges: true,
                limits: ResourceLimits(cpuCount: 2, memoryMiB: 512, diskMiB: 64, inodes: 2048)),
            timeToLiveSeconds: 60, metadata: [:], environment: [:])
    }

    @Test func `a sandbox is asked for in the spawner's words and dialled where its socket lies`() async throws {
        try await Self.with({ _ in [.answer(.created)] }) { backend, spawner, _ in
            let id = try SandboxID("i1")
            let running = try await backend.create(id, Self.spec(), tenant: .default, endsAt: Self.deadline)
            #expect(running.guestSocketPath == "\(spawner.directory)/i1.sock")
            guard case .create(let asked) = try #require(spawner.operations.first) else { return #expect(Bool(false)) }
            #expect(asked.sandboxID == "i1" && asked.templateID == "base" && asked.noNewPrivileges)
            #expect(asked.limits.memoryBytes == 512 << 20 && asked.limits.cpuMilli == 2000)
            #expect(asked.deadlineMilliseconds == Self.deadline.unixMilliseconds)
        }
    }

    @Test func `families of tenants and templates whose names run together differ`() throws {
        func family(_ tenant: String, _ template: String) throws -> String {
            let base = try Self.spec().template
            let spec = try SandboxSpec(
                template: Template(
                    id: template, aliases: [], layers: base.layers, user: base.user, workingDirectory: nil,
                    environment: [:], noNewPrivileges: true, limits: base.limits),
                timeToLiveSeconds: 1, metadata: [:], environment: [:])
            return CreateSandbox(try SandboxID("i1"), spec, try TenantID(tenant), Self.deadline).family
        }
        #expect(try family("a", "b-c") != family("a-b", "c"))
    }

    @Test(arguments: [
        (SpawnFailure.Code.refused, BackendError.Code.refused), (.notFound, .notFound), (.exhausted, .exhausted),
        (.kernel, .failed), (.exists, .failed),
    ])
    func `a failure keeps its kind, its step and its cause`(
        theirs: SpawnFailure.Code, ours: BackendError.Code
    ) async throws {
        let failure = SpawnFailure(theirs, step: "mount", message: "why")
        try await Self.with({ _ in [.answer(.failed(failure))] }) { backend, _, _ in
            let expected = BackendError(ours, backend: "process", step: "mount", cause: "why")
            await #expect(throws: expected) {
                try await backend.create(SandboxID("i1"), Self.spec(), tenant: .default, endsAt: Self.deadline)
            }
        }
    }

    @Test func `many requests at once get each its own answer`() async throws {
        let script: FakeSpawner.Script = { operation in
            guard case .usage(let id) = operation, let number = UInt64(id.dropFirst()) else { return [.hangUp] }
            return [
                .answer(
                    .usage(
                        SandboxUsage(
                            cpuMicroseconds: number, memoryBytes: 0, cacheBytes: 0, memoryLimitBytes: 0, processes: 0,
                            outOfMemoryKills: 0)))
            ]
        }
        try await Self.with(script) { backend, _, _ in
            let sum = try await withThrowingTaskGroup(of: UInt64.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let usage = try await backend.usage(SandboxID("i\(number)"))
                        #expect(usage.cpuMicroseconds == UInt64(number))
                        return usage.cpuMicroseconds
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 499 * 500 / 2)
        }
    }

    @Test func `an end is waited for until the spawner says so`() async throws {
        let script: FakeSpawner.Script = { operation in
            switch operation {
            case .create: [.answer(.created)]
            case .destroy(let id): [.answer(.done), .unasked(.ended(sandboxID: id, .destroyed))]
            default: [.hangUp]
            }
        }
        try await Self.with(script) { backend, _, events in
            let id = try SandboxID("i1")
            _ = try await backend.create(id, Self.spec(), tenant: .default, endsAt: Self.deadline)
            try await backend.destroy(id)
            #expect(await events.next() == .ended(id, .killed))
        }
    }

    @Test func `ending what is not there is no error`() async throws {
        try await Self.with({ _ in [.answer(.done)] }) { backend, _, _ in
            try await backend.destroy(SandboxID("i1"))
        }
    }

    @Test func `a list comes in parts`() async throws {
        let part = { @Sendable (name: String, isLast: Bool) in
            FakeSpawner.Reply.answer(
                .sandboxes(
                    [RunningSandboxDescription(sandboxID: name, hostPid: 1, deadlineMilliseconds: 0)], isLast: isLast))
        }
        try await Self.with({ _ in [part("i1", false), part("NOT OURS", false), part("i2", true)] }) { backend, _, _ in
            let running = try await backend.running()
            #expect(running.map(\.id.text) == ["i1", "i2"])
        }
    }

    @Test(arguments: [
        FakeSpawner.Reply.raw([1, 2, 3]), .noise(60_000), .noise(70_000),
        .numbered(999, .done), .unasked(.done), .answer(.ended(sandboxID: "i1", .destroyed)), .hangUp,
    ])
    func `nonsense ends the conversation, every waiter is told, and a new one begins`(
        nonsense: FakeSpawner.Reply
    ) async throws {
        let script: FakeSpawner.Script = { operation in
            if case .list = operation { [.answer(.sandboxes([], isLast: true))] } else { [nonsense] }
        }
        try await Self.with(script) { backend, spawner, events in
            let error = await #expect(throws: BackendError.self) { try await backend.usage(SandboxID("i1")) }
            #expect(error?.code == .unavailable)
            #expect(await events.next() == .reconnected)
            #expect(spawner.connectionCount == 2)
            let running = try await backend.running()
            #expect(running.isEmpty)
        }
    }

    @Test func `an answer of another kind than the question is an error, not a success`() async throws {
        try await Self.with({ _ in [.answer(.created)] }) { backend, _, _ in
            await #expect(throws: BackendError.self) { try await backend.setDeadline(SandboxID("i1"), Self.deadline) }
            await #expect(throws: BackendError.self) { try await backend.running() }
        }
    }

    private static func warmTemplate() throws -> Template {
        let base = try spec().template
        let interpreter = try InterpreterSpec(
            defaultLanguage: "python", bootLanguages: [],
            languages: ["python": LanguageSpec(command: ProgramCommand(["/kernel"]))])
        return Template(
            id: base.id, aliases: [], layers: base.layers, user: base.user, workingDirectory: nil,
            environment: ["B": "2", "A": "1"], noNewPrivileges: true, limits: base.limits, interpreter: interpreter,
            zygote: try ZygoteSpec(
                language: "python", command: ProgramCommand(["/zygote", "-w"]), memoryMiB: 1024, forks: 10,
                interpreter: interpreter))
    }

    @Test func `a zygote is asked for with its own memory and its template's privileges`() async throws {
        try await Self.with({ _ in [.answer(.done)] }) { backend, spawner, _ in
            try await backend.startZygote(Self.warmTemplate(), tenant: .default)
            try await backend.endZygote("base", tenant: .default)
            guard case .startZygote(let asked) = try #require(spawner.operations.first) else {
                return #expect(Bool(false))
            }
            #expect(asked.arguments == ["/zygote", "-w"] && asked.noNewPrivileges)
            #expect(asked.environment == [WirePair(name: "A", value: "1"), WirePair(name: "B", value: "2")])
            #expect(asked.limits.memoryBytes == 1024 << 20 && asked.limits.processes == 64)
            #expect(spawner.operations.last == .endZygote(family: asked.family))
        }
    }

    @Test func `a template without a zygote is refused, and nobody is asked`() async throws {
        try await Self.with({ _ in [.answer(.done)] }) { backend, spawner, _ in
            let error = await #expect(throws: BackendError.self) {
                try await backend.startZygote(Self.spec().template, tenant: .default)
            }
            #expect(error?.code == .refused && spawner.operations.isEmpty)
        }
    }

    @Test func `a landing tells the fork's number, and a payload over the limit is refused`() async throws {
        try await Self.with({ _ in [.answer(.landed(pid: 7))] }) { backend, spawner, _ in
            let pid = try await backend.land(in: SandboxID("i1"), payload: [1, 2])
            #expect(pid == 7 && spawner.operations == [.land(sandboxID: "i1", payload: [1, 2])])
            let tooLong = [UInt8](repeating: 0, count: SpawnerRequest.landPayloadBytes + 1)
            let error = await #expect(throws: BackendError.self) {
                try await backend.land(in: SandboxID("i1"), payload: tooLong)
            }
            #expect(error?.code == .refused)
        }
    }

    @Test func `the end of a zygote is told by its tenant and template`() async throws {
        let family = FamilyName(.default, "base").text
        let script: FakeSpawner.Script = { _ in
            [.unasked(.zygoteEnded(family: "nobody's")), .unasked(.zygoteEnded(family: family)), .answer(.done)]
        }
        try await Self.with(script) { backend, _, events in
            try await backend.endZygote("base", tenant: .default)
            #expect(await events.next() == .zygoteEnded(.default, templateID: "base"))
        }
    }

    @Test(arguments: [("a", "b-c"), ("a-b", "c"), ("default", "base"), ("1-2", "3-4-5")])
    func `a family's name gives tenant and template back`(tenant: String, template: String) throws {
        let name = FamilyName(try TenantID(tenant), template)
        #expect(FamilyName(name.text) == name)
    }

    @Test(arguments: ["", "7", "7-default", "7-default-", "8-default-base", "07-default-base", "-1-a-b", "1-A-b"])
    func `a name that is no family's of ours is nobody's`(text: String) {
        #expect(FamilyName(text) == nil)
    }

    @Test func `a request that nobody would answer fails at once`() async throws {
        let backend = ProcessBackend(
            socketDirectory: "/nowhere", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let error = await #expect(throws: BackendError.self) { try await backend.running() }
        #expect(error?.code == .unavailable)
    }
}

@Suite struct RequestTableTests {
    private static let now = ContinuousClock.now

    private static func full() -> RequestTable<Int> {
        var table = RequestTable<Int>()
        for number in 0..<(RequestLane.prompt.outstandingLimit + 2) {
            _ = table.add(.list, number, deadline: now + .seconds(Int64(number)))
        }
        while table.next() != nil {}
        return table
    }

    @Test func `no more requests are out than the limit, and an answer makes room for the next`() throws {
        var table = Self.full()
        #expect(table.outstandingCount == RequestLane.prompt.outstandingLimit)
        let served = try table.take(SpawnerAnswer(number: 1, content: .done))
        #expect(served?.0 == 0)
        #expect(table.next()?.number == UInt64(RequestLane.prompt.outstandingLimit + 1))
        #expect(table.next() == nil)
    }

    @Test func `requests that wait for zygotes leave the others their turns`() {
        var table = RequestTable<Int>()
        for number in 0..<1000 {
            _ = table.add(.land(sandboxID: "i1", payload: []), number, deadline: Self.now)
        }
        while table.next() != nil {}
        _ = table.add(.list, 1000, deadline: Self.now)
        let next = table.next()
        #expect(next?.operation == .list)
        #expect(table.removeAll().sorted() == Array(0...1000))
    }

    @Test func `what could not be sent is the next again`() throws {
        var table = Self.full()
        let served = try table.take(SpawnerAnswer(number: 1, content: .done))
        #expect(served?.0 == 0)
        let next = table.next()
        table.putBack(try #require(next).number)
        let (again, none) = (table.next(), table.next())
        #expect(again == next && none == nil)
    }

    @Test func `an answer that comes twice serves nobody the second time`() throws {
        var table = Self.full()
        _ = try table.take(SpawnerAnswer(number: 1, content: .done))
        #expect(try table.take(SpawnerAnswer(number: 1, content: .done)) == nil)
    }

    @Test func `who waited long enough is let go, whether sent or not, and everybody once`() {
        var table = Self.full()
        let late = table.expire(at: Self.now + .seconds(5))
        #expect(late.sorted() == Array(0...5))
        let rest = table.removeAll()
        #expect((late + rest).sorted() == Array(0..<(RequestLane.prompt.outstandingLimit + 2)))
        #expect(table.removeAll().isEmpty)
    }

    @Test func `a list without end is cut`() throws {
        var table = RequestTable<Int>()
        _ = table.add(.list, 0, deadline: Self.now)
        _ = table.next()
        let part = [RunningSandboxDescription](
            repeating: RunningSandboxDescription(sandboxID: "i", hostPid: 1, deadlineMilliseconds: 0), count: 4096)
        #expect(throws: Nonsense.self) {
            for _ in 0...(RequestTable<Int>.listLimit / part.count) {
                _ = try table.take(SpawnerAnswer(number: 1, content: .sandboxes(part, isLast: false)))
            }
        }
        #expect(table.removeAll() == [0], "who waited is still to be told")
    }
}
