/// What a sandbox starts from: read-only layers and a little configuration.
public struct Template: Sendable, Hashable {
    public let id: String
    public let aliases: [String]
    /// SHA-256 of each sealed layer in hexadecimal, lowest first.
    public let layers: [String]
    /// Who runs what does not say otherwise.
    public let user: String
    /// nil for the user's home.
    public let workingDirectory: String?
    public let environment: [String: String]
    /// Off only where the template's users rely on setuid programs such as sudo.
    public let noNewPrivileges: Bool
    public let limits: ResourceLimits
    /// nil if the template runs no code for the code interpreter.
    public let interpreter: InterpreterSpec?
    /// nil if every kernel is started cold.
    public let zygote: ZygoteSpec?

    public init(
        id: String, aliases: [String], layers: [String], user: String, workingDirectory: String?,
        environment: [String: String], noNewPrivileges: Bool, limits: ResourceLimits,
        interpreter: InterpreterSpec? = nil, zygote: ZygoteSpec? = nil
    ) {
        self.id = id
        self.aliases = aliases
        self.layers = layers
        self.user = user
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.noNewPrivileges = noNewPrivileges
        self.limits = limits
        self.interpreter = interpreter
        self.zygote = zygote
    }
}
