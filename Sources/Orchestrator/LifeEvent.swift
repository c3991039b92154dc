import SandboxModel

/// What others may want to know of sandboxes' lives, told in order for each sandbox.
public enum LifeEvent: Sendable, Hashable {
    /// It runs, and nobody has been given it yet; its row and its guest are being made ready.
    case started(LiveSandbox, Template)
    /// It is ending or has ended; may be told twice.
    case over(SandboxID)
    /// The store and the backend were compared, at the start or because the backend is there anew: all that live.
    case reconciled([LiveSandbox])
    /// A warm process of the backend's has ended by itself.
    case zygoteEnded(TenantID, templateID: String)
}
