/// Who a kernel is.
public struct KernelHello: Hashable, Sendable {
    public static let version = 1

    /// As the sandbox sees it, and the leader of its process group.
    public let pid: UInt32
    public let context: String
    public let language: String
    public let workingDirectory: String
    /// Runs nothing now.
    public let isIdle: Bool

    init(json: [UInt8]) throws(KernelProtocolError) {
        var version: Int?
        var pid: Int?
        var texts: [String: String] = [:]
        var isIdle: Bool?
        try JSONScanner.object(json) { (scanner, name) throws(KernelProtocolError) in
            switch name {
            case "protocol": version = try scanner.integer(name, in: 0...Int(UInt16.max))
            case "pid": pid = try scanner.integer(name, in: 2...Int(Int32.max))
            case "context": texts[name] = try scanner.text(name, upTo: KernelLimits.contextBytes)
            case "language": texts[name] = try scanner.text(name, upTo: KernelLimits.languageBytes)
            case "cwd": texts[name] = try scanner.text(name, upTo: KernelLimits.pathBytes)
            case "idle": isIdle = try scanner.boolean(name)
            default: throw .unknownField(name)
            }
        }
        guard version == Self.version else { throw .badField("protocol", allowed: "\(Self.version)") }
        guard let pid else { throw .missingField("pid") }
        guard let context = texts["context"] else { throw .missingField("context") }
        guard let language = texts["language"] else { throw .missingField("language") }
        guard let workingDirectory = texts["cwd"] else { throw .missingField("cwd") }
        guard let isIdle else { throw .missingField("idle") }
        self.pid = UInt32(pid)
        self.context = context
        self.language = language
        self.workingDirectory = workingDirectory
        self.isIdle = isIdle
    }
}
