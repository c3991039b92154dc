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
    /// What an execution counts for with nothing in it, and what more while a kernel is at work on it: tasks,
    /// connections, what is read ahead. In bytes, give or take.
    static let executionBytes = 16 << 10
    static let workBytes = 256 << 10
    /// Kernels looked at at once when a sandbox's are found again.
    static let concurrentInspections = 8

    /// Of one sandbox.
    public var contexts = 64
    /// Of what is held for one sandbox, in bytes: code on its way to a kernel, frames of kernels that are yet to come
    /// whole, and events until a client has them. A longest result takes three times its length on that way.
    public var sandboxBytes = 128 << 20
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
    /// From a request to the kernel's hello, also for one that greeted before.
    public var greetingPatience: Duration = .seconds(20)
    /// For a kernel that is only looked at.
    public var inspectionPatience: Duration = .seconds(2)

    public init() {}
}
