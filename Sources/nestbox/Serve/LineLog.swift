import Foundation
import Glibc
import Logging

/// One line per event on standard error: text for people, JSON for machines.
struct LineLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    private let label: String
    private let format: Settings.LogFormat

    init(label: String, level: Logger.Level, format: Settings.LogFormat) {
        self.label = label
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        let line = switch format {
        case .text: text(event, fields)
        case .json: json(event, fields)
        }
        // One call, so that lines of several threads do not mix; a log that cannot be written must not stop the
        // service.
        _ = Array((line + "\n").utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func text(_ event: LogEvent, _ fields: [String: String]) -> String {
        let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted($0.value))" }.joined()
        return "\(Self.now()) \(event.level) \(event.message)\(pairs)"
    }

    private func json(_ event: LogEvent, _ fields: [String: String]) -> String {
        var line = fields
        line["time"] = Self.now()
        line["level"] = event.level.rawValue
        line["message"] = event.message.description
        line["label"] = label
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(line) else { return "{}" }  // a map of texts always encodes
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What comes from outside must not make a line look like two.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0.value != 0x7f }
        return isPlain && !value.isEmpty ? value : value.debugDescription
    }

    private static func now() -> String {
        Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension Logger.Level {
    init(_ level: Settings.LogLevel) {
        self = Logger.Level(rawValue: level.rawValue) ?? .info
    }
}

extension Settings {
    /// For the log at the start. Nothing in it is secret.
    var logged: Logger.Metadata {
        [
            "data": "\(data)", "listen": "\(listen.host):\(listen.port)", "templates": "\(templates ?? "built-in")",
            "domain": "\(domain)", "sandbox.limit": "\(sandboxLimit)", "stop.sandboxes": "\(stopsSandboxes)",
            "tls.certificate": "\(tlsCertificate ?? "the installation's own")",
        ]
    }
}
