import Isolation
import SandboxModel

/// Why a request about a sandbox was not carried out. One exhaustive switch in `E2BAPI` turns each into a response.
public enum OrchestratorError: Error, Sendable {
    /// No such sandbox, or another tenant's, or one that is over.
    case notFound(SandboxID)
    case templateNotFound(String)
    case refused(SpecError)
    /// The idempotency key was used with another request, or that request is still under way.
    case idempotencyConflict(String)
    /// As many sandboxes as this host allows are alive.
    case noCapacity(limit: Int)
    /// All sandboxes of the tenant's pool are in use, and none came free for as long as the pool lets a request wait.
    case poolExhausted(PoolSettings, templateID: String)
    /// The tenant has no pool of that template.
    case poolNotFound(String)
    case backend(BackendError)
    /// The store failed; the text is for the log.
    case store(String)
}
