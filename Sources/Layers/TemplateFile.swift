import Foundation
import SandboxModel

/// `template.json` as it is written; checked by `template()`.
struct TemplateFile: Decodable {
    /// Larger files are refused unread, in bytes.
    static let sizeLimit = 1 << 20
    static let layerCountLimit = 64
    static let digestLength = 64

    let id: String
    let name: String
    let aliases: [String]
    let layers: [String]
    let user: String
    let workdir: String?
    let environment: [String: String]
    let noNewPrivileges: Bool
    let cpuCount: Int
    let memoryMiB: Int
    let diskMiB: Int
    let inodes: Int
    let interpreter: InterpreterFile?
    let zygote: ZygoteFile?

    private enum Key: String, CodingKey, CaseIterable {
        case id, name, aliases, layers, user, workdir, environment, noNewPrivileges
        case cpuCount, memoryMiB, diskMiB, inodes, interpreter, zygote
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: Key.self, of: "a template")
        id = try values.decode(String.self, forKey: .id)
        name = try values.decode(String.self, forKey: .name)
        aliases = try values.decode([String].self, forKey: .aliases)
        layers = try values.decode([String].self, forKey: .layers)
        user = try values.decode(String.self, forKey: .user)
        workdir = try values.decodeIfPresent(String.self, forKey: .workdir)
        environment = try values.decode([String: String].self, forKey: .environment)
        noNewPrivileges = try values.decode(Bool.self, forKey: .noNewPrivileges)
        cpuCount = try values.decode(Int.self, forKey: .cpuCount)
        memoryMiB = try values.decode(Int.self, forKey: .memoryMiB)
        diskMiB = try values.decode(Int.self, forKey: .diskMiB)
        inodes = try values.decode(Int.self, forKey: .inodes)
        interpreter = try values.decodeIfPresent(InterpreterFile.self, forKey: .interpreter)
        zygote = try values.decodeIfPresent(ZygoteFile.self, forKey: .zygote)
    }

    /// - Throws: `SpecError` naming the field.
    func template() throws(SpecError) -> Template {
        for name in [id, name] + aliases { try TemplateName.check(name) }
        guard (1...Self.layerCountLimit).contains(layers.count) else {
            throw .outOfRange(field: "layers", value: layers.count, allowed: 1...Self.layerCountLimit)
        }
        for digest in layers where !Self.isDigest(digest) {
            throw .malformed(field: "layers", value: digest, allowed: "a SHA-256 in lower-case hexadecimal")
        }
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x3a }) else {
            throw .malformed(field: "user", value: user, allowed: "a user's name")
        }
        if let workdir, !workdir.hasPrefix("/") || workdir.utf8.contains(0) {
            throw .malformed(field: "workdir", value: workdir, allowed: "an absolute path")
        }
        let limits = try ResourceLimits(cpuCount: cpuCount, memoryMiB: memoryMiB, diskMiB: diskMiB, inodes: inodes)
        let interpreter = try interpreter?.spec()
        let zygote = try zygote?.spec(for: interpreter)
        var names: [String] = []
        for alias in [name] + aliases where !names.contains(alias) { names.append(alias) }
        return Template(
            id: id, aliases: names, layers: layers, user: user, workingDirectory: workdir,
            environment: environment, noNewPrivileges: noNewPrivileges, limits: limits,
            interpreter: interpreter, zygote: zygote)
    }

    private static func isDigest(_ text: String) -> Bool {
        text.utf8.count == digestLength
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// The names that templates may have.
enum TemplateName {
    static let lengthRange = 1...63

    static func check(_ name: String) throws(SpecError) {
        let isWellFormed =
            lengthRange.contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        guard isWellFormed else {
            throw .malformed(field: "name", value: name, allowed: "1...63 characters of [a-z0-9-]")
        }
    }
}
