/// What every kernel is held to, and what the server holds itself to. Lengths in bytes.
public enum KernelLimits {
    /// Of an `execute`, as JSON.
    public static let requestBytes = 16 << 20
    public static let helloBytes = 64 << 10
    public static let countBytes = 256
    /// Of one frame of `stdout` or `stderr`.
    public static let outputBytes = 64 << 10
    public static let resultBytes = 32 << 20
    /// A longer payload is read only if there is room for it.
    public static let promptBytes = outputBytes
    /// Of one text of an `error`, before it is JSON.
    public static let errorTextBytes = 1 << 20
    /// Three such texts, each of whose bytes may have become the six of `\u001b`, and the names around them.
    public static let errorBytes = 3 * 6 * errorTextBytes + 1024
    /// Forms of one result.
    public static let resultForms = 64
    public static let mimeTypeBytes = 256
    /// How deep JSON may nest.
    public static let jsonDepth = 256
    public static let contextBytes = 64
    public static let languageBytes = 32
    /// `PATH_MAX`.
    public static let pathBytes = 4096
}
