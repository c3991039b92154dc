import SandboxModel

/// The body of `POST /sandboxes/{sandboxID}/timeout`.
struct TimeoutRequest: Decodable, Hashable {
    /// Seconds from now; 0 or less ends the sandbox now.
    private let timeout: WholeNumber

    func seconds() throws(SpecError) -> Int {
        let timeout = timeout.value
        guard timeout <= SandboxSpec.timeToLiveRange.upperBound else {
            throw .outOfRange(field: "timeout", value: timeout, allowed: 0...SandboxSpec.timeToLiveRange.upperBound)
        }
        return timeout
    }
}

/// The body of `POST /sandboxes/{sandboxID}/refreshes`.
struct RefreshRequest: Decodable, Hashable {
    static let defaultDuration = 15

    private let duration: WholeNumber?

    init() {
        duration = nil
    }

    func seconds() throws(SpecError) -> Int {
        try ExtensionRange.checked(duration?.value ?? Self.defaultDuration, field: "duration")
    }
}

/// The body of `POST /sandboxes/{sandboxID}/connect` and `/resume`, of either version. `memory` and `autoPause` say how
/// a paused sandbox is to come back, and none is paused in this version.
struct ConnectRequest: Decodable, Hashable {
    private let timeout: WholeNumber?

    init() {
        timeout = nil
    }

    func seconds() throws(SpecError) -> Int {
        try ExtensionRange.checked(timeout?.value ?? CreateSandboxRequest.defaultTimeout, field: "timeout")
    }
}

/// By how much a life may be extended.
private enum ExtensionRange {
    static func checked(_ seconds: Int, field: String) throws(SpecError) -> Int {
        let allowed = 0...SandboxSpec.timeToLiveRange.upperBound
        guard allowed.contains(seconds) else { throw .outOfRange(field: field, value: seconds, allowed: allowed) }
        return seconds
    }
}
