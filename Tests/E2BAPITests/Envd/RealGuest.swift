import Foundation
import Glibc
import GuestClient
import GuestProtocol
import HTTPExchange
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Orchestrator
import SandboxModel
import Synchronization
import Testing

@testable import E2BAPI

/// The guest's program as an ordinary process, and envd in front of it. Not a sandbox: what it does, it does to a
/// directory of the test's own.
struct RealGuest: Sendable {
    static let token = "token"
    /// Beside the tests' own program, where the build puts it.
    static let program = ((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
        .components(separatedBy: "/").dropLast().joined(separator: "/") + "/nestbox-guest"
    /// Who runs the tests: without root the guest can be nobody else.
    static let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "root"
    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: program) }

    let responder: EnvdResponder
    let sandbox: LiveSandbox
    /// A directory that is the test's own.
    let directory: String
    let events: EventLog

    static func lend(_ body: @Sendable (RealGuest) async throws -> Void) async throws {
        let directory = NSTemporaryDirectory() + "nestbox-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory + "/files", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // the host tidies what is left
        let socketPath = directory + "/guest.socket"
        let pid = try spawn(socketPath)
        defer { end(pid) }
        let client = GuestClient(MultiThreadedEventLoopGroup.singleton)
        let events = EventLog()
        let watchers = WatcherService()
        let environment = EnvdEnvironment(
            guest: client, record: { event, _ in events.add(event) },
            metrics: { _ in throw EnvdFailure(.notImplemented, "no metrics in this test") }, watchers: watchers,
            clock: FixedClock(), logger: Logger(label: "test"), reportsSymbolicLinks: true)
        let guest = RealGuest(
            responder: EnvdResponder(environment), sandbox: try liveSandbox(socketPath),
            directory: directory + "/files", events: events)
        try await client.configureForTest(socketPath)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await watchers.run() }
            try await body(guest)
            tasks.cancelAll()
        }
    }

    private static func liveSandbox(_ socketPath: String) throws -> LiveSandbox {
        let limits = try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 512, inodes: 65_536)
        let record = SandboxRecord(
            id: try SandboxID("itest"), tenant: .default, templateID: "base", templateAlias: nil, state: .running,
            endReason: nil, createdAt: FixedClock().now, endsAt: FixedClock().now, metadata: [:],
            environment: ["A": "1"], limits: limits, defaultUser: user, defaultWorkingDirectory: nil,
            network: .isolated, accessToken: token, generation: 1)
        return LiveSandbox(record: record, guestSocketPath: socketPath)
    }

    /// Starts the guest with a listening socket as its descriptor 3.
    private static func spawn(_ socketPath: String) throws -> pid_t {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 128) == 0
            }
        }
        try #require(isBound)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, listener, 3)
        var pid: pid_t = 0
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), nil]
        defer { arguments.forEach { free($0) } }
        try #require(posix_spawn(&pid, program, &actions, nil, arguments, nil) == 0)
        return pid
    }

    private static func end(_ pid: pid_t) {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}

final class EventLog: Sendable {
    private let events = Mutex<[SandboxEvent]>([])

    func add(_ event: SandboxEvent) { events.withLock { $0.append(event) } }
    var all: [SandboxEvent] { events.withLock { $0 } }
}

struct FixedClock: WallClock {
    var now: Timestamp { Timestamp(unixMilliseconds: 1_700_000_000_000) }
}

extension GuestClient {
    fileprivate func configureForTest(_ socketPath: String) async throws {
        let configuration = Configuration(environment: [], reservedEnvironment: [], defaultUser: RealGuest.user)
        let reply = try await call(.configure(configuration), to: socketPath)
        #expect(reply == .ok)
    }
}
