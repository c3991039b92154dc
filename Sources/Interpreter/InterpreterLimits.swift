import KernelProtocol

/// What code of strangers may cost the server, and how long things may take. Every bound of the interpreter stands here
/// or in `KernelLimits`.
public struct InterpreterLimits: Sendable {
    /// Where a context works that does not say otherwise.
    public static let workingDirectory = "/home/user"
    /// Of a variable's name or value, in bytes, and how many one run may set.
    public static let variableBytes = 128 << 10
    public static let variableCount = 1024
    /// Of a working directory, in bytes.
    public static let pathBytes = KernelLimits.pathBytes
    /// What the spawner takes of a landing's words, in bytes.
    static let landingBytes = 32 << 10
    /// Of what a kernel said before it died at its start, in bytes.
    static let lastWordsBytes = 4096
    /// Kernels looked at at once when a sandbox's are found again.
    static let concurrentInspections = 8

    /// Of one sandbox.
    public var contexts = 64
    /// Executions and other errands that wait for one context.
    public var rowLength = 64
    /// Of one execution's output and results, in bytes. What comes after is dropped, with a notice.
    public var outputBytes = 1 << 30
    /// Events held ahead of a client that does not read, in bytes, besides the one that goes over it.
    public var heldBytes = 256 << 10
    /// A stream says that it is alive after so long without an event.
    public var keepaliveInterval: Duration = .seconds(5)
    /// From an interrupt to the kernel's end.
    public var interruptGrace: Duration = .seconds(5)
    /// From a kernel's start, or its landing, to its first word.
    public var startPatience: Duration = .seconds(60)
    public var landingPatience: Duration = .seconds(5)
    /// For a kernel that is only looked at.
    public var inspectionPatience: Duration = .seconds(2)

    public init() {}
}
