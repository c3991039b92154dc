import Foundation
import Yams

/// The configuration file: YAML, one mapping, the keys of `SettingKey`, each at most once.
enum SettingsFile {
    static let sizeLimit = 1 << 20

    /// Sets what the file says.
    /// - Throws: `SettingsError` naming the file, the line and the key.
    static func apply(_ path: String, to settings: inout Settings) throws(SettingsError) {
        for (key, text, place) in try entries(of: try text(of: path), path) { try settings.set(key, text, at: place) }
    }

    /// The file's text taken apart.
    static func entries(
        of text: String, _ path: String
    ) throws(SettingsError) -> [(key: SettingKey, text: String, place: String)] {
        let node: Node?
        do {
            node = try compose(yaml: text)
        } catch {
            throw SettingsError(place: path, cause: "not YAML: \(error)")
        }
        guard let node, node != Node("") else { return [] }
        guard let mapping = node.mapping else { throw SettingsError(place: path, cause: "not a mapping of settings") }
        var seen: Set<SettingKey> = []
        var entries: [(SettingKey, String, String)] = []
        for (name, value) in mapping {
            let place = "\(path):\(name.mark?.line ?? 0): \(name.string ?? "?")"
            guard let key = name.string.flatMap(SettingKey.init(rawValue:)) else {
                let known = SettingKey.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError(place: place, cause: "no such setting; there are \(known)")
            }
            guard seen.insert(key).inserted else { throw SettingsError(place: place, cause: "stands here twice") }
            guard let text = value.scalar?.string else { throw SettingsError(place: place, cause: "not a plain value") }
            entries.append((key, text, place))
        }
        return entries
    }

    private static func text(of path: String) throws(SettingsError) -> String {
        do {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            guard bytes.count <= sizeLimit, let text = String(data: bytes, encoding: .utf8) else {
                throw SettingsError(place: path, cause: "longer than \(sizeLimit) bytes, or not UTF-8")
            }
            return text
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError(place: path, cause: "cannot be read: \(error.localizedDescription)")
        }
    }
}
