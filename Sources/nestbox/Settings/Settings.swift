import SandboxModel

/// All that `nestbox serve` can be told, checked. Read once, in the half that still has root, and handed to the other.
struct Settings: Sendable, Hashable, Codable {
    /// Absolute.
    var data = "/var/lib/nestbox"
    var listen = ListenAddress.standard
    /// Absolute; nil for `build/templates` beside the program's directory.
    var templates: String?
    /// nil for the user `nestbox` if there is one, else `ServerUser.standard`.
    var user: ServerUser?
    var domain = "sbx.localhost"
    /// The operator's own certificate and its key; nil for one of the installation's authority. Absolute.
    var tlsCertificate: String?
    var tlsKey: String?
    var stopsSandboxes = false
    var logLevel = LogLevel.info
    var logFormat = LogFormat.text
    var sandboxLimit = Settings.sandboxLimitRange.upperBound

    static let sandboxLimitRange = 1...4096
    static let domainLengthRange = 1...200

    enum LogLevel: String, Sendable, Codable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    enum LogFormat: String, Sendable, Codable, CaseIterable {
        case text, json
    }

    /// Sets what `key` names.
    /// - Parameter place: where the text stands, for the error: a flag, or a file and its line.
    mutating func set(_ key: SettingKey, _ text: String, at place: String) throws(SettingsError) {
        func refused(_ allowed: String) -> SettingsError {
            SettingsError(place: place, cause: "'\(text.prefix(200))' is not \(allowed)")
        }
        switch key {
        case .data:
            guard let path = AbsolutePath(text) else { throw refused("a path") }
            data = path.text
        case .templates:
            guard let path = AbsolutePath(text) else { throw refused("a path") }
            templates = path.text
        case .listen:
            guard let address = ListenAddress(text) else { throw refused("HOST:PORT, such as 127.0.0.1:8300") }
            listen = address
        case .user:
            guard let found = ServerUser(text) else { throw refused("an unprivileged user's name or number") }
            user = found
        case .domain:
            guard Self.isDomain(text) else { throw refused("a domain of [a-z0-9-] labels") }
            domain = text.lowercased()
        case .tlsCertificate:
            guard let path = AbsolutePath(text) else { throw refused("a path") }
            tlsCertificate = path.text
        case .tlsKey:
            guard let path = AbsolutePath(text) else { throw refused("a path") }
            tlsKey = path.text
        case .stopSandboxes:
            guard let flag = Bool(text) else { throw refused("true or false") }
            stopsSandboxes = flag
        case .logLevel:
            guard let level = LogLevel(rawValue: text) else { throw refused(LogLevel.allowed) }
            logLevel = level
        case .logFormat:
            guard let format = LogFormat(rawValue: text) else { throw refused(LogFormat.allowed) }
            logFormat = format
        case .sandboxLimit:
            guard let limit = Int(text), Self.sandboxLimitRange.contains(limit) else {
                throw refused("a number in \(Self.sandboxLimitRange.lowerBound)...\(Self.sandboxLimitRange.upperBound)")
            }
            sandboxLimit = limit
        }
    }

    /// What is only wrong together.
    func check() throws(SettingsError) {
        guard (tlsCertificate == nil) != (tlsKey == nil) else { return }
        let (given, missing): (SettingKey, SettingKey) =
            tlsKey == nil ? (.tlsCertificate, .tlsKey) : (.tlsKey, .tlsCertificate)
        throw SettingsError(place: given.rawValue, cause: "needs \(missing.rawValue) beside it")
    }

    private static func isDomain(_ text: String) -> Bool {
        domainLengthRange.contains(text.utf8.count)
            && text.lowercased().split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy {
                        (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
                    }
            }
    }
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
    static var allowed: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
}

/// The names of the settings: in the file as they stand here, on the command line with `--` in front. To add one: a
/// case here, then follow the compiler, then `docs/configuration.md`.
enum SettingKey: String, CaseIterable, Sendable {
    case data, listen, templates, user, domain
    case tlsCertificate = "tls-certificate"
    case tlsKey = "tls-key"
    case stopSandboxes = "stop-sandboxes"
    case logLevel = "log-level"
    case logFormat = "log-format"
    case sandboxLimit = "sandbox-limit"
}

/// A setting that was refused: where it stands, and what is wrong with it.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    let place: String
    let cause: String

    var description: String { "\(place): \(cause)" }
}
