import Foundation
import GuestProtocol
import NIOCore
import NIOPosix
import Synchronization

/// A guest played by the test: kernels are started, reached, signalled and forgotten as a real one does it, but they
/// are objects of the test.
final class FakeGuest: Sendable {
    private struct State {
        /// By the path of the socket.
        var kernels: [String: FakeKernel] = [:]
        var starts: [StartProcess] = []
        var signals: [(pid: UInt32, number: UInt8)] = []
        var dials = 0
        var nextPID: UInt32 = 100
        var isDeaf = false
    }

    let socketPath: String
    private let state = Mutex(State())
    /// What comes of a start; nil for a kernel.
    private let startFails: @Sendable (StartProcess) -> (exit: ProcessExit, words: String)?

    private init(
        _ socketPath: String, startFails: @escaping @Sendable (StartProcess) -> (exit: ProcessExit, words: String)?
    ) {
        self.socketPath = socketPath
        self.startFails = startFails
    }

    var starts: [StartProcess] { state.withLock { $0.starts } }
    var signals: [UInt8] { state.withLock { $0.signals.map(\.number) } }
    var dials: Int { state.withLock { $0.dials } }
    var names: Set<String> { state.withLock { Set($0.kernels.keys) } }

    /// A kernel that nobody started: one that landed, or that was there before.
    @discardableResult
    func plant(_ context: String, language: String = "python", cwd: String = "/home/user") -> FakeKernel {
        state.withLock { state in
            state.nextPID += 1
            let kernel = FakeKernel(pid: state.nextPID, context: context, language: language, cwd: cwd)
            state.kernels["/run/nestbox/kernels/\(context).sock"] = kernel
            return kernel
        }
    }

    func kernel(_ context: String) -> FakeKernel? {
        state.withLock { $0.kernels["/run/nestbox/kernels/\(context).sock"] }
    }

    /// From now on nobody is answered who comes; who is there goes on.
    func takeNobody() {
        state.withLock { $0.isDeaf = true }
    }

    /// From now on nobody answers: the sandbox is over.
    func fallSilent() {
        let kernels = state.withLock { state in
            state.isDeaf = true
            return Array(state.kernels.values)
        }
        for kernel in kernels { kernel.die() }
    }

    // MARK: - Serving

    static func lend(
        startFails: @escaping @Sendable (StartProcess) -> (exit: ProcessExit, words: String)? = { _ in nil },
        to body: (FakeGuest) async throws -> Void
    ) async throws {
        let path = NSTemporaryDirectory() + "nestbox-interpreter-\(UUID().uuidString.prefix(8)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }  // the host tidies what is left
        let guest = FakeGuest(path, startFails: startFails)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await guest.accept(server) }
            do {
                try await body(guest)
            } catch {
                try await server.channel.close()
                throw error
            }
            // Not by a cancellation: a connection that was accepted and not taken would be dropped unfinished.
            try await server.channel.close()
        }
    }

    private func accept(_ server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>) async throws {
        try await withThrowingDiscardingTaskGroup { connections in
            try await server.executeThenClose { inbound in
                for try await connection in inbound {
                    connections.addTask {
                        // A client that hangs up first ends the fake's side with an error, which is what it asked for.
                        try? await connection.executeThenClose { inbound, outbound in
                            var wire = FakeWire(inbound: inbound.makeAsyncIterator(), channel: connection.channel)
                            try await self.serve(&wire)
                        }
                    }
                }
            }
            connections.cancelAll()
        }
    }

    private func serve(_ wire: inout FakeWire) async throws {
        guard let frame = try await wire.frame(), !state.withLock({ $0.isDeaf }) else { return }
        let request = try GuestRequest(frame: Frame(kind: frame.kind, payload: frame.payload))
        switch request {
        case .startProcess(let process): try await start(process, &wire)
        case .dialSocket(let dial): try await connect(dial, &wire)
        case .signalGroup(let pid, let number): signal(pid, number)
        case .signal(.pid(let pid), let number): signal(pid, number)
        case .remove(let path): state.withLock { $0.kernels[path.path] = nil }
        case .listDirectory: return try await list(&wire)
        case .stat(let path): return try await describe(path.path, &wire)
        default: throw GuestFailure(.notSupported, "not in this play")
        }
        guard wire.isFresh else { return }
        try await wire.write(GuestReply.ok.frame.bytes)
    }

    private func start(_ process: StartProcess, _ wire: inout FakeWire) async throws {
        wire.isFresh = false
        func word(_ name: String) -> String {
            process.arguments.firstIndex(of: name).map { process.arguments[$0 + 1] } ?? ""
        }
        if let failure = startFails(process) {
            state.withLock { $0.starts.append(process) }
            let output = ProcessOutput(channel: .standardError, bytes: Array(failure.words.utf8))
            let replies: [GuestReply] = [.started(99), .output(output), .exited(failure.exit)]
            return try await wire.write(replies.flatMap(\.frame.bytes))
        }
        let kernel = plant(
            word("--context"), language: word("--language"), cwd: process.workingDirectory ?? "/home/user")
        state.withLock { $0.starts.append(process) }
        try await wire.write(GuestReply.started(kernel.pid).frame.bytes)
        while try await wire.frame() != nil {}
    }

    private func connect(_ dial: DialSocket, _ wire: inout FakeWire) async throws {
        wire.isFresh = false
        state.withLock { $0.dials += 1 }
        let deadline = ContinuousClock.now + .milliseconds(Int64(dial.waitMilliseconds))
        while true {
            if let kernel = state.withLock({ $0.kernels[dial.path] }) {
                guard kernel.isAlive else { return try await wire.refuse(.connectionRefused) }
                guard kernel.language != "unheard" else { return }
                try await wire.write(GuestReply.ok.frame.bytes)
                return try await kernel.serve(&wire)
            }
            guard wire.channel.isActive, ContinuousClock.now < deadline else { return try await wire.refuse(.notFound) }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func signal(_ pid: UInt32, _ number: UInt8) {
        let kernel = state.withLock { state in
            state.signals.append((pid, number))
            return state.kernels.values.first { $0.pid == pid }
        }
        if number == 9 { kernel?.die() } else { kernel?.interrupt() }
    }

    private func list(_ wire: inout FakeWire) async throws {
        wire.isFresh = false
        let names = names.map { String($0.split(separator: "/").last ?? "") }.sorted()
        let entries = (names + ["stray", "BAD.sock"]).map { Self.entry("/run/nestbox/kernels/\($0)", .other) }
        try await wire.write((entries + [.end]).flatMap(\.frame.bytes))
    }

    /// There are two directories, and one file.
    private func describe(_ path: String, _ wire: inout FakeWire) async throws {
        wire.isFresh = false
        switch path {
        case "/tmp", "/home/user": try await wire.write(Self.entry(path, .directory).frame.bytes)
        case "/etc/passwd": try await wire.write(Self.entry(path, .file).frame.bytes)
        default: try await wire.refuse(.notFound)
        }
    }

    private static func entry(_ path: String, _ kind: FileEntry.Kind) -> GuestReply {
        .entry(
            FileEntry(
                name: path.split(separator: "/").last.map(String.init) ?? "", path: path, kind: kind,
                isSymbolicLink: false, size: 0, mode: 0, ownMode: 0, owner: "root", group: "root",
                modifiedNanoseconds: 0, symlinkTarget: nil, metadata: []))
    }
}

/// One connection to a fake, in frames of both protocols, which look the same.
struct FakeWire {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let channel: any Channel
    /// Nothing was answered yet.
    var isFresh = true
    private var received = ByteBuffer()

    init(inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, channel: any Channel) {
        self.inbound = inbound
        self.channel = channel
    }

    /// Returns once the kernel has taken the bytes.
    func write(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func refuse(_ code: GuestFailure.Code) async throws {
        try await write(GuestReply.failure(GuestFailure(code, "as told")).frame.bytes)
    }

    /// The next frame, or nil once the other side has hung up.
    mutating func frame() async throws -> (kind: UInt8, payload: [UInt8])? {
        while true {
            if let length = received.getInteger(at: received.readerIndex, endianness: .little, as: UInt32.self),
                received.readableBytes >= 5 + Int(length)
            {
                received.moveReaderIndex(forwardBy: 4)
                let kind = received.readInteger(as: UInt8.self) ?? 0
                return (kind, received.readBytes(length: Int(length)) ?? [])
            }
            guard var part = try await inbound.next() else { return nil }
            received.writeBuffer(&part)
        }
    }
}
