import GuestClient
import GuestProtocol
import NIOCore
import Orchestrator
import SandboxModel
import WireCoding

extension GuestCalls {
    /// How long a guest may take over what it is told before its sandbox is handed out.
    private static let configureTimeout: TimeAmount = .seconds(20)
    private static let diskTimeout: TimeAmount = .seconds(5)
    /// A guest that is well answers in a millisecond.
    private static let healthTimeout: TimeAmount = .seconds(2)

    /// The orchestrator's questions, put to guests over their sockets.
    init(_ client: GuestClient) {
        self.init(
            configure: { sandbox in
                let reply = try await client.call(
                    .configure(Configuration(sandbox)), to: sandbox.guestSocketPath, timeout: Self.configureTimeout)
                guard case .ok = reply else { throw UnexpectedReply(question: "configure") }
            },
            diskUsage: { sandbox in
                let reply = try await client.call(
                    .diskUsage, to: sandbox.guestSocketPath, timeout: Self.diskTimeout)
                guard case .disk(let usage) = reply else { throw UnexpectedReply(question: "disk usage") }
                return DiskFigures(used: Int64(clamping: usage.usedBytes), total: Int64(clamping: usage.totalBytes))
            },
            answers: { sandbox in
                // Why it does not answer makes no difference: it is not handed out.
                let reply = try? await client.call(.ping, to: sandbox.guestSocketPath, timeout: Self.healthTimeout)
                return reply == .ok
            })
    }
}

/// A guest answered something else than it was asked.
struct UnexpectedReply: Error, CustomStringConvertible {
    let question: String

    var description: String { "the guest did not answer '\(question)' as the protocol says" }
}

extension Configuration {
    /// What a sandbox's guest is told. The reserved variables are the ones that E2B's users look for.
    init(_ sandbox: LiveSandbox) {
        let record = sandbox.record
        self.init(
            environment: Self.pairs(record.environment), reservedEnvironment: Self.pairs(record.reservedEnvironment),
            defaultUser: record.defaultUser, defaultWorkingDirectory: record.defaultWorkingDirectory)
    }

    private static func pairs(_ variables: [String: String]) -> [WirePair] {
        variables.sorted { $0.key < $1.key }.map { WirePair(name: $0.key, value: $0.value) }
    }
}
