import SandboxModel

/// A sandbox that asks to be let in: its row-to-be in state `starting`, and under which name the request may come
/// again.
public struct Admission: Sendable {
    public var record: SandboxRecord
    /// A second request of the same tenant with this key is the first one again.
    public var idempotencyKey: String?

    public init(record: SandboxRecord, idempotencyKey: String?) {
        self.record = record
        self.idempotencyKey = idempotencyKey
    }

    /// As asked for at creation; later changes of the end do not change it, so that two requests can be compared.
    var timeToLiveMilliseconds: Int64 { record.endsAt.unixMilliseconds - record.createdAt.unixMilliseconds }
}

/// What came of an `Admission`.
public enum AdmissionOutcome: Sendable, Hashable {
    /// The row is there; the sandbox is to be made.
    case admitted
    /// The same request was carried out before: this is its sandbox, alive or not.
    case repeated(SandboxRecord)
}
