import SandboxModel

/// The body of `POST /sandboxes/{sandboxID}/timeout`.
struct TimeoutRequest: Decodable, Hashable {
    /// Seconds from now; 0 or less ends the sandbox now.
    let timeout: Int

    func seconds() throws(SpecError) -> Int {
        guard timeout <= SandboxSpec.timeToLiveRange.upperBound else {
            throw .outOfRange(field: "timeout", value: timeout, allowed: 0...SandboxSpec.timeToLiveRange.upperBound)
        }
        return timeout
    }
}

/// The body of `POST /sandboxes/{sandboxID}/refreshes`.
struct RefreshRequest: Decodable, Hashable {
    static let defaultDuration = 15

    let duration: Int?

    init() {
        duration = nil
    }

    func seconds() throws(SpecError) -> Int {
        try ExtensionRange.checked(duration ?? Self.defaultDuration, field: "duration")
    }
}

/// The body of `POST /sandboxes/{sandboxID}/connect` and `/resume`, of either version. `memory` and `autoPause` say how
/// a paused sandbox is to come back, and none is paused in this version.
struct ConnectRequest: Decodable, Hashable {
    let timeout: Int?

    init() {
        timeout = nil
    }

    func seconds() throws(SpecError) -> Int {
        try ExtensionRange.checked(timeout ?? CreateSandboxRequest.defaultTimeout, field: "timeout")
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
