/// What runs in a box.
public struct BoxProgram: Sendable {
    public enum Executable: Sendable {
        /// An open program; it need not be visible in the box.
        case descriptor(Int32)
        /// An absolute path inside.
        case path(String)
    }

    public var executable: Executable
    public var arguments: [String]
    public var environment: [String]
    public var directory: String?
    /// They become descriptors 3, 4, ...; everything else is closed.
    public var passedDescriptors: [Int32] = []
    /// Else the standard streams are the box's `/dev/null`.
    public var inheritsStandardStreams = false

    public init(executable: Executable, arguments: [String], environment: [String], directory: String? = nil) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }
}

/// What the processes of a box may do. Limits are only ever lowered.
public struct BoxPrivileges: Sendable {
    /// The capabilities that stay in the bounding set, as bits; nothing is inheritable.
    public var capabilities: UInt64 = 0
    public var noNewPrivileges = true
    /// Unless nil: the program runs as this user and group of the box, not as its root, has `capabilities` all the
    /// same, and is killed when the caller ends.
    public var otherUser: UInt32?
    /// A BPF program, each instruction as the kernel lays it out; empty for none. Without `noNewPrivileges` the box
    /// needs a user namespace of its own to load it.
    public var filter: [UInt64] = []
    public var resourceLimits: [ResourceLimit] = []

    public init() {}

    public struct ResourceLimit: Sendable, Hashable {
        public var resource: Int32
        public var value: UInt64

        public init(_ resource: Int32, _ value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }
}
