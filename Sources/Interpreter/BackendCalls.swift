import Isolation
import SandboxModel

/// What the interpreter asks of the backend.
public struct BackendCalls: Sendable {
    /// Whether the sandbox lives, and nobody is ending it. True if the backend cannot say.
    public var isThere: @Sendable (SandboxID) async -> Bool
    /// Returns once the zygote for the next sandbox is warm; at once if it is there.
    public var start: @Sendable (Template, TenantID) async throws(BackendError) -> Void
    /// Ends a template's zygotes of one tenant. Nothing is wrong if there is none.
    public var end: @Sendable (_ templateID: String, TenantID) async throws(BackendError) -> Void
    /// Has a fork land in a sandbox.
    /// - Returns: its pid there. Throws `notFound` if the sandbox's family has no zygote.
    public var land: @Sendable (SandboxID, _ words: [UInt8]) async throws(BackendError) -> UInt32

    public init(
        isThere: @Sendable @escaping (SandboxID) async -> Bool,
        start: @Sendable @escaping (Template, TenantID) async throws(BackendError) -> Void,
        end: @Sendable @escaping (String, TenantID) async throws(BackendError) -> Void,
        land: @Sendable @escaping (SandboxID, [UInt8]) async throws(BackendError) -> UInt32
    ) {
        self.isThere = isThere
        self.start = start
        self.end = end
        self.land = land
    }
}
