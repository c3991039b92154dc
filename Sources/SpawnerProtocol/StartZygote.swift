import WireCoding

/// A warm process to keep for one family: started in a box of its own, forked into the family's sandboxes by `land`.
/// The spawner checks all of it again, as it does with `CreateSandbox`.
public struct StartZygote: WireValue, Hashable {
    public static let argumentCountRange = 1...64
    /// Of one argument, in bytes.
    public static let argumentLengthLimit = 4096
    public static let environmentCountLimit = 256

    /// As in `CreateSandbox`.
    public var family: String
    public var templateID: String
    /// Lowest first. It lands only in sandboxes of the same layers.
    public var layers: [String]
    /// The program's absolute path inside, then its arguments. Descriptor 3 is its conversation with the spawner.
    public var arguments: [String]
    public var environment: [WirePair]
    /// Of the zygote itself; what a fork writes to is its sandbox's.
    public var limits: SpawnLimits
    /// The template's, so that a fork has what every process of its sandbox has.
    public var noNewPrivileges: Bool

    public init(
        family: String, templateID: String, layers: [String], arguments: [String], environment: [WirePair],
        limits: SpawnLimits, noNewPrivileges: Bool
    ) {
        self.family = family
        self.templateID = templateID
        self.layers = layers
        self.arguments = arguments
        self.environment = environment
        self.limits = limits
        self.noNewPrivileges = noNewPrivileges
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(family)
        writer.write(templateID)
        writer.write(texts: layers)
        writer.write(texts: arguments)
        writer.write(values: environment)
        limits.encode(into: &writer)
        writer.write(noNewPrivileges)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        family = try reader.text(limit: 128)
        templateID = try reader.text(limit: 128)
        layers = try reader.texts()
        arguments = try reader.list(limit: Self.argumentCountRange.upperBound) { (reader) throws(WireError) in
            try reader.text(limit: Self.argumentLengthLimit)
        }
        environment = try reader.list(limit: Self.environmentCountLimit) { (reader) throws(WireError) in
            try WirePair(from: &reader)
        }
        limits = try SpawnLimits(from: &reader)
        noNewPrivileges = try reader.boolean()
    }
}
