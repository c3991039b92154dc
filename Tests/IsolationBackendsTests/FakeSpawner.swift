import Foundation
import Glibc
import SpawnerProtocol
import Synchronization

/// A spawner of few words on a real socket: says hello as it should, then whatever the test's script says. One
/// connection after the other, on a thread of its own.
final class FakeSpawner: Sendable {
    enum Reply: Sendable {
        case answer(SpawnerAnswer.Content)
        /// Unasked, number 0.
        case unasked(SpawnerAnswer.Content)
        /// A number of the script's own.
        case numbered(UInt64, SpawnerAnswer.Content)
        case raw([UInt8])
        /// So many bytes of nothing.
        case noise(Int)
        case hangUp
    }

    typealias Script = @Sendable (SpawnerRequest.Operation) -> [Reply]

    let directory: String
    private let listener: Int32
    private let log = Mutex<[SpawnerRequest.Operation]>([])
    private let greetings = Mutex(0)
    private let script: Script
    private let version: UInt32

    private init(_ directory: String, version: UInt32, script: @escaping Script) throws {
        self.directory = directory
        self.script = script
        self.version = version
        listener = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(directory)/spawner.sock".utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, 8) == 0 else { throw POSIXError(.EADDRINUSE) }
    }

    /// Lends a spawner that follows `script`; its socket and its thread are gone afterwards.
    static func with(
        version: UInt32 = SpawnerRequest.protocolVersion, _ script: @escaping Script,
        _ body: (FakeSpawner) async throws -> Void
    ) async throws {
        let name = "nb-\(UUID().uuidString.prefix(8))"
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // what stays in /tmp is no failure
        let spawner = try FakeSpawner(directory, version: version, script: script)
        defer { shutdown(spawner.listener, Int32(SHUT_RDWR)) }
        Thread.detachNewThread { spawner.serve() }
        try await body(spawner)
    }

    var operations: [SpawnerRequest.Operation] { log.withLock { $0 } }
    var connectionCount: Int { greetings.withLock { $0 } }

    private func serve() {
        while case let connection = accept(listener, nil, nil), connection >= 0 {
            converse(connection)
            close(connection)
        }
        close(listener)
    }

    private func converse(_ connection: Int32) {
        var bytes = [UInt8](repeating: 0, count: SpawnerRequest.datagramBytes)
        while case let count = recv(connection, &bytes, bytes.count, 0), count > 0 {
            guard let request = try? SpawnerRequest(wireBytes: Array(bytes.prefix(count))) else { return }
            var replies: [Reply]
            if case .hello = request.operation {
                greetings.withLock { $0 += 1 }
                replies = [.answer(.welcome(protocolVersion: version, bootID: "boot"))]
            } else {
                log.withLock { $0.append(request.operation) }
                replies = script(request.operation)
            }
            for reply in replies where !send(reply, request.number, connection) { return }
        }
    }

    private func send(_ reply: Reply, _ number: UInt64, _ connection: Int32) -> Bool {
        let bytes: [UInt8]
        switch reply {
        case .answer(let content): bytes = SpawnerAnswer(number: number, content: content).wireBytes
        case .unasked(let content): bytes = SpawnerAnswer(number: 0, content: content).wireBytes
        case .numbered(let other, let content): bytes = SpawnerAnswer(number: other, content: content).wireBytes
        case .raw(let raw): bytes = raw
        case .noise(let count): bytes = [UInt8](repeating: 255, count: count)
        case .hangUp: return false
        }
        return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
