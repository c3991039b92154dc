import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// A server's connection to a spawner, one request at a time.
final class TestConnection {
    private let socket: Descriptor
    private var number: UInt64 = 0
    private var ends: [(String, SandboxEnd)] = []
    private var zygoteEnds: [String] = []
    private var early: [UInt64: SpawnerAnswer.Content] = [:]

    /// Connects and says hello.
    init(_ path: String) throws {
        socket = try UnixSocket.connect(path, type: SOCK_SEQPACKET)
        guard case .welcome = try perform(.hello(protocolVersion: SpawnerRequest.protocolVersion)) else {
            throw TestFailure("the spawner did not welcome us")
        }
    }

    func perform(_ operation: SpawnerRequest.Operation) throws -> SpawnerAnswer.Content {
        try answer(to: submit(operation))
    }

    /// Asks, without waiting for the answer.
    func submit(_ operation: SpawnerRequest.Operation) throws -> UInt64 {
        number += 1
        try send(SpawnerRequest(number: number, operation: operation).wireBytes)
        return number
    }

    func answer(to number: UInt64) throws -> SpawnerAnswer.Content {
        while true {
            if let content = early.removeValue(forKey: number) { return content }
            keep(try receive())
        }
    }

    /// Starts a zygote, or throws what the spawner says against it.
    func start(_ request: StartZygote) throws {
        switch try perform(.startZygote(request)) {
        case .done: return
        case .failed(let failure): throw failure
        case let other: throw TestFailure("startZygote was answered with \(other)")
        }
    }

    /// Lands, or throws what the spawner says against it.
    @discardableResult
    func land(in id: String, _ payload: String) throws -> UInt32 {
        switch try perform(.land(sandboxID: id, payload: Array(payload.utf8))) {
        case .landed(let pid): return pid
        case .failed(let failure): throw failure
        case let other: throw TestFailure("land was answered with \(other)")
        }
    }

    /// Waits for the next zygote to end.
    func nextZygoteEnd() throws -> String {
        while zygoteEnds.isEmpty { keep(try receive()) }
        return zygoteEnds.removeFirst()
    }

    /// Creates, or throws what the spawner says against it.
    func create(_ request: CreateSandbox) throws {
        switch try perform(.create(request)) {
        case .created: return
        case .failed(let failure): throw failure
        case let other: throw TestFailure("create was answered with \(other)")
        }
    }

    func list() throws -> [RunningSandboxDescription] {
        guard case .sandboxes(let sandboxes, isLast: true) = try perform(.list) else {
            throw TestFailure("no list")
        }
        return sandboxes
    }

    /// Waits for the next sandbox to end.
    func nextEnd() throws -> (String, SandboxEnd) {
        while ends.isEmpty { keep(try receive()) }
        return ends.removeFirst()
    }

    /// The process that listens.
    var peerPid: Int32 {
        var uid: uid_t = 0
        var pid: pid_t = 0
        return nb_peer(socket.number, &uid, &pid) == 0 ? pid : -1
    }

    func send(_ bytes: [UInt8]) throws {
        guard nb_send(socket.number, bytes, bytes.count, -1) == bytes.count else { throw SyscallError("sendmsg") }
    }

    func receive() throws -> SpawnerAnswer {
        var bytes = [UInt8](repeating: 0, count: SpawnerRequest.datagramBytes)
        var descriptor: Int32 = -1
        let count = nb_receive(socket.number, &bytes, bytes.count, &descriptor, 0)
        guard count > 0 else { throw TestFailure("the spawner hung up") }
        return try SpawnerAnswer(wireBytes: Array(bytes.prefix(count)))
    }

    private func keep(_ answer: SpawnerAnswer) {
        switch answer.content {
        case .ended(let id, let end): ends.append((id, end))
        case .zygoteEnded(let family): zygoteEnds.append(family)
        default: early[answer.number] = answer.content
        }
    }
}

enum UnixSocket {
    /// How long an answer may take before a test fails, in seconds.
    private static let patience = 20

    static func connect(_ path: String, type: __socket_type) throws(SyscallError) -> Descriptor {
        let socket = Descriptor(
            owning: try check("socket") {
                Glibc.socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let number = socket.number
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try check("connect", path: path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return socket
    }
}

/// The program that stands in for the guest.
enum TestProbe {
    static func ask(_ path: String, _ line: String) throws -> String {
        let socket = try UnixSocket.connect(path, type: SOCK_STREAM)
        let bytes = Array((line + "\n").utf8)
        guard nb_send(socket.number, bytes, bytes.count, -1) == bytes.count else { throw SyscallError("send") }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(socket.number, &chunk, chunk.count)
            if count <= 0 { return String(decoding: answer, as: UTF8.self) }
            answer += chunk.prefix(count)
        }
    }
}
