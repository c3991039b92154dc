import CLinux
import Glibc

/// A template as its build left it: `NAME/template.json` and `layers/DIGEST.erofs` in one directory.
struct RunTemplate {
    static let fileLimit = 1 << 20
    static let layerRange = 1...64

    let name: String
    private let layers: [String]
    let directory: String?
    let environment: [String]

    private let files: String

    init(_ name: String, in files: String) throws(RunError) {
        guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            throw .usage("--template \(name): give 1 to 63 characters of [a-z0-9-]")
        }
        let path = "\(files)/\(name)/template.json"
        guard let text = Self.read(path) else {
            throw .usage("--template \(name): cannot read \(path); make templates builds it")
        }
        guard case .object(let fields)? = JSONText.parse(text) else {
            throw .usage("--template \(name): \(path) is not a JSON object")
        }
        guard case .list(let list)? = fields["layers"], Self.layerRange.contains(list.count) else {
            throw .usage("--template \(name): \(path) must name 1 to \(Self.layerRange.upperBound) layers")
        }
        layers = list.compactMap(\.text).filter(Self.isDigest)
        guard layers.count == list.count else { throw .usage("--template \(name): a layer is not a SHA-256") }
        guard fields["user"]?.text == RunUser.name else {
            throw .usage("--template \(name): its commands do not run as \(RunUser.name)")
        }
        directory = fields["workdir"]?.text
        if case .object(let values)? = fields["environment"] {
            environment = values.sorted { $0.key < $1.key }.compactMap { entry in
                entry.value.text.map { "\(entry.key)=\($0)" }
            }
        } else {
            environment = []
        }
        (self.name, self.files) = (name, files)
    }

    /// Mounts the layers, attached nowhere: gone with this process and the run.
    func mounts(for user: RunUser) throws(RunError) -> [Int32] {
        let ids = nb_run_id_map(0, user.firstOutside, 0, user.firstOutsideGroup, user.idCount)
        guard ids >= 0 else { throw refusal("ids of layers") }
        defer { close(ids) }
        var mounts: [Int32] = []
        for layer in layers {
            let file = open("\(files)/layers/\(layer).erofs", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw refusal("open layer \(layer)") }
            defer { close(file) }
            let mount = nb_mount_layer(file, NB_NO_DEVICES)
            guard mount >= 0, nb_mount_map_ids(mount, ids) == 0 else { throw refusal("mount layer \(layer)") }
            mounts.append(mount)
        }
        return mounts
    }

    private func refusal(_ step: String) -> RunError {
        .refused(step: "--template \(name): \(step)", reason: String(cString: strerror(errno)))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-")
    }

    private static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: fileLimit)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count > 0 && count < fileLimit ? Array(bytes[..<count]) : nil
    }
}
