import Foundation
import Glibc

/// A sandbox for as long as a command needs it. The server is told again and again that it is still wanted, so that a
/// command that dies without a word leaves it for minutes, not hours.
struct SandboxLease: Sendable {
    static let lifetimeSeconds = 300
    /// What a sandbox that is to stay has left when its command ends.
    static let keptSeconds = 3600
    static let renewalInterval = Duration.seconds(100)

    let server: RemoteServer
    let template: String
    /// Whether the sandbox outlives the lease.
    let keepsSandbox: Bool

    private struct Request: Encodable {
        let templateID: String
        let timeout: Int
    }

    private struct Created: Decodable {
        let sandboxID: String
        let envdAccessToken: String?
    }

    private struct Renewal: Encodable {
        let timeout: Int
    }

    /// Lends a new sandbox. When this returns or throws, also in a cancelled task, the sandbox was ended or kept; if
    /// the server could not be told, that is said on standard error.
    func withSandbox<Result: Sendable>(
        _ body: (RemoteSandbox) async throws -> Result
    ) async throws -> Result {
        let sandbox = try await uncancelled { try await create() }
        do {
            let result = try await renewing(sandbox, body)
            await finish(sandbox)
            return result
        } catch {
            await finish(sandbox)
            throw error
        }
    }

    private func create() async throws -> RemoteSandbox {
        let request = Request(templateID: template, timeout: Self.lifetimeSeconds)
        let created = try await server.call(.POST, "/v2/sandboxes", request, as: Created.self)
        return RemoteSandbox(id: created.sandboxID, token: created.envdAccessToken ?? "", on: server)
    }

    private func renewing<Result: Sendable>(
        _ sandbox: RemoteSandbox, _ body: (RemoteSandbox) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await renew(sandbox) }
            let result = try await body(sandbox)
            group.cancelAll()
            return result
        }
    }

    /// Returns when the sandbox is gone; who uses it finds that out in words.
    private func renew(_ sandbox: RemoteSandbox) async throws {
        while true {
            try await Task.sleep(for: Self.renewalInterval)
            do {
                try await setTime(of: sandbox, seconds: Self.lifetimeSeconds)
            } catch let error as RemoteError where error.status == 404 {
                return
            } catch {
                continue  // a server that is being restarted is asked again
            }
        }
    }

    private func finish(_ sandbox: RemoteSandbox) async {
        do {
            try await uncancelled {
                if keepsSandbox {
                    try await setTime(of: sandbox, seconds: Self.keptSeconds)
                } else {
                    _ = try await server.call(.DELETE, "/sandboxes/\(RemoteServer.segment(sandbox.id))")
                }
            }
            if keepsSandbox { Output.note("sandbox \(sandbox.id) is kept for \(Self.keptSeconds / 60) minutes") }
        } catch let error as RemoteError where error.status == 404 {
            // Gone by itself.
            if keepsSandbox { Output.note("sandbox \(sandbox.id) is gone") }
        } catch {
            Output.note(
                "sandbox \(sandbox.id) may live for \(Self.lifetimeSeconds / 60) more minutes: \(error)")
        }
    }

    private func setTime(of sandbox: RemoteSandbox, seconds: Int) async throws {
        let target = "/sandboxes/\(RemoteServer.segment(sandbox.id))/timeout"
        _ = try await server.call(.POST, target, Renewal(timeout: seconds))
    }

    /// What has begun on the server is also ended there, whatever becomes of this task.
    private func uncancelled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await Task { try await body() }.value
    }
}
