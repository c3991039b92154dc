/// The command line of the spawner, checked. Its words are those of `usage`; each may come once, `--layers` often.
public struct SpawnerOptions: Sendable, Hashable {
    /// Where the spawner's own socket and those of the sandboxes lie.
    public var socketDirectory: String
    /// The name of the spawner's own socket in it.
    public var socketName: String
    /// Where the files behind writable layers and the lock lie.
    public var dataDirectory: String
    /// Where sealed layers lie, as `<digest>.erofs`, first found first taken.
    public var layerDirectories: [String]
    /// The program of every sandbox's first process.
    public var guestPath: String
    /// Who may connect, and who owns the sockets.
    public var ownerID: UInt32
    public var ownerGroupID: UInt32
    /// The name of the directory in every cgroup hierarchy.
    public var instance: String
    public var logDescriptor: Int32
    public var becomesDaemon: Bool

    public static let usage = """
        usage: nestbox-spawner --socket-dir DIR [--socket NAME] --data DIR --layers DIR [--layers DIR...] \
        --guest FILE --uid UID --gid GID --instance NAME [--log-fd N] [--daemonize]
        """

    /// Why a command line was refused.
    public struct Refusal: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    public init(arguments: [String]) throws(Refusal) {
        var given = GivenOptions()
        try given.read(arguments)
        socketDirectory = try given.required("--socket-dir")
        socketName = given.values["--socket"] ?? "spawner.sock"
        dataDirectory = try given.required("--data")
        layerDirectories = given.layers
        guestPath = try given.required("--guest")
        ownerID = try given.number("--uid")
        ownerGroupID = try given.number("--gid")
        instance = try given.required("--instance")
        logDescriptor = given.values["--log-fd"] == nil ? 2 : try given.number("--log-fd")
        becomesDaemon = given.becomesDaemon
        guard !layerDirectories.isEmpty else { throw Refusal(description: "--layers is missing\n\(Self.usage)") }
        guard !socketName.isEmpty, !socketName.contains("/"), !socketName.hasPrefix(".") else {
            throw Refusal(description: "--socket \(socketName): a plain file name is wanted")
        }
        guard SandboxName.isValid(instance) else {
            throw Refusal(description: "--instance \(instance): \(SandboxName.rule) is wanted")
        }
    }
}

/// The words of a command line, taken apart.
private struct GivenOptions {
    var values: [String: String] = [:]
    var layers: [String] = []
    var becomesDaemon = false

    private static let names: Set = [
        "--socket-dir", "--socket", "--data", "--guest", "--uid", "--gid", "--instance", "--log-fd",
    ]

    mutating func read(_ arguments: [String]) throws(SpawnerOptions.Refusal) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--daemonize" {
                becomesDaemon = true
                continue
            }
            guard name == "--layers" || Self.names.contains(name) else {
                throw SpawnerOptions.Refusal(description: "\(name) is unknown\n\(SpawnerOptions.usage)")
            }
            guard let value = rest.popFirst() else {
                throw SpawnerOptions.Refusal(description: "\(name) wants a value")
            }
            if name == "--layers" {
                layers.append(value)
            } else if values.updateValue(value, forKey: name) != nil {
                throw SpawnerOptions.Refusal(description: "\(name) was given twice")
            }
        }
    }

    func required(_ name: String) throws(SpawnerOptions.Refusal) -> String {
        guard let value = values[name], !value.isEmpty else {
            throw SpawnerOptions.Refusal(description: "\(name) is missing\n\(SpawnerOptions.usage)")
        }
        return value
    }

    func number<Value: FixedWidthInteger>(_ name: String) throws(SpawnerOptions.Refusal) -> Value {
        let text = try required(name)
        guard let value = Value(text), value >= 0 else {
            throw SpawnerOptions.Refusal(description: "\(name) \(text): a number is wanted")
        }
        return value
    }
}
