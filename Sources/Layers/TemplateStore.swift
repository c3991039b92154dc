import Foundation
import SandboxModel

/// The templates of one directory: `<name>/template.json`, and their layers as `layers/<digest>.erofs`. A file is read
/// again when it was changed. One that cannot be used is an error that names the file and the field, for whoever asks
/// for it; the others go on.
public actor TemplateStore {
    public static let layersDirectory = "layers"
    static let fileName = "template.json"
    /// How long an answer from memory may be old.
    static let recheckInterval: Duration = .seconds(1)

    private struct Entry {
        let fingerprint: FileFingerprint
        let template: Template
    }

    private let directory: String
    private var entries: [String: Entry] = [:]
    private var problems: [String: TemplateError] = [:]
    private var checked: ContinuousClock.Instant?

    public init(directory: String) {
        self.directory = directory
    }

    /// The template of that id or alias; `:default` may follow, since it is the only tag there is.
    /// - Returns: nil if there is none.
    /// - Throws: `TemplateError` if there is one and it cannot be used.
    public func template(named name: String) throws(TemplateError) -> Template? {
        guard let name = Self.withoutTag(name) else { return nil }
        try refresh()
        if let problem = problems[name] { throw problem }
        let templates = sorted
        return templates.first { $0.id == name } ?? templates.first { $0.aliases.contains(name) }
    }

    /// All that can be used, by id, and why the others cannot.
    public func all() throws(TemplateError) -> (templates: [Template], problems: [TemplateError]) {
        try refresh()
        return (sorted, problems.values.sorted { $0.file < $1.file })
    }

    private func refresh() throws(TemplateError) {
        if let checked, checked.duration(to: .now) < Self.recheckInterval { return }
        var fresh: [String: Entry] = [:]
        var problems: [String: TemplateError] = [:]
        var owners: [String: String] = [:]
        for name in try names().sorted() {
            do throws(TemplateError) {
                let entry = try entry(name)
                try claimNames(of: entry.template, in: name, &owners)
                fresh[name] = entry
            } catch {
                problems[name] = error
            }
        }
        (entries, self.problems, checked) = (fresh, problems, .now)
    }

    /// Two templates may not go by the same name: the later directory is the one refused.
    private func claimNames(
        of template: Template, in name: String, _ owners: inout [String: String]
    ) throws(TemplateError) {
        let words = Set([template.id] + template.aliases)
        for word in words.sorted() {
            guard let other = owners[word] else { continue }
            throw TemplateError(
                file: "\(directory)/\(name)/\(Self.fileName)", field: "aliases",
                cause: "'\(word)' is also a name of \(other)")
        }
        for word in words { owners[word] = name }
    }

    private var sorted: [Template] {
        entries.values.map(\.template).sorted { $0.id < $1.id }
    }

    private func names() throws(TemplateError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                $0 != Self.layersDirectory && !$0.hasPrefix(".")
                    && FileManager.default.fileExists(atPath: "\(directory)/\($0)/\(Self.fileName)")
            }
        } catch {
            throw TemplateError(file: directory, cause: "cannot be listed: \(error.localizedDescription)")
        }
    }

    private func entry(_ name: String) throws(TemplateError) -> Entry {
        let path = "\(directory)/\(name)/\(Self.fileName)"
        let fingerprint = try FileFingerprint(path: path)
        if let known = entries[name], known.fingerprint == fingerprint { return known }
        guard fingerprint.size <= TemplateFile.sizeLimit else {
            throw TemplateError(file: path, cause: "\(fingerprint.size) bytes, over \(TemplateFile.sizeLimit)")
        }
        let template = try Self.read(path)
        for digest in template.layers {
            let layer = "\(directory)/\(Self.layersDirectory)/\(digest).erofs"
            guard FileManager.default.fileExists(atPath: layer) else {
                throw TemplateError(file: path, field: "layers", cause: "\(layer) is not there")
            }
        }
        return Entry(fingerprint: fingerprint, template: template)
    }

    private static func read(_ path: String) throws(TemplateError) -> Template {
        do {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSONDecoder().decode(TemplateFile.self, from: bytes).template()
        } catch let error as SpecError {
            throw TemplateError(file: path, field: error.field, cause: error.description)
        } catch let error as DecodingError {
            throw TemplateError(file: path, field: error.path, cause: error.summary)
        } catch {
            throw TemplateError(file: path, cause: "cannot be read: \(error.localizedDescription)")
        }
    }

    private static func withoutTag(_ name: String) -> String? {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || parts[1] == "default" else { return nil }
        return String(parts[0])
    }
}

/// Tells whether a file is still the one that was read.
private struct FileFingerprint: Hashable {
    let modified: Date
    let size: Int
    let inode: Int

    init(path: String) throws(TemplateError) {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            modified = attributes[.modificationDate] as? Date ?? .distantPast
            size = attributes[.size] as? Int ?? 0
            inode = attributes[.systemFileNumber] as? Int ?? 0
        } catch {
            throw TemplateError(file: path, cause: "cannot be read: \(error.localizedDescription)")
        }
    }
}

extension DecodingError {
    fileprivate var path: String? {
        switch self {
        case .keyNotFound(let key, let context): (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.isEmpty ? nil : context.codingPath.map(\.stringValue).joined(separator: ".")
        @unknown default: nil
        }
    }

    fileprivate var summary: String {
        switch self {
        case .keyNotFound: "is missing"
        case .typeMismatch(let type, _), .valueNotFound(let type, _): "is not of the type \(type)"
        case .dataCorrupted(let context): context.debugDescription
        @unknown default: String(describing: self)
        }
    }
}
