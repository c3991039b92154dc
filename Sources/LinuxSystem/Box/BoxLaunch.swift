import CLinux
import Glibc

/// Everything that the first process of a box is made of.
public struct BoxLaunch: Sendable {
    /// The `cgroup.procs` files of v1 hierarchies to write "0" to.
    public var processFiles: [String] = []
    /// A cgroup2 directory to be born in, or -1.
    public var cgroup: Int32 = -1
    /// Namespaces to enter first, in this order.
    public var enteredNamespaces: [Int32] = []
    /// A pid namespace to be born below, or -1 for our own.
    public var pidNamespace: Int32 = -1
    /// Of the first process, as far as the caller may set it.
    public var nice: Int32 = 0
    /// Besides a cgroup namespace, which it makes itself once it is in its cgroup.
    public var newNamespaces: NamespaceKinds
    /// Unless -1, the first process waits until this pipe is closed: its ids are mapped meanwhile.
    public var gate: Int32 = -1
    public var steps: [BoxStep]
    public var hostname: String?
    public var privileges = BoxPrivileges()
    public var program: BoxProgram

    public init(newNamespaces: NamespaceKinds, steps: [BoxStep], program: BoxProgram) {
        self.newNamespaces = newNamespaces
        self.steps = steps
        self.program = program
    }

    /// Clones the first process. The current directory must hold a directory `stage`. Not to be called by two threads
    /// at once. On throw nothing is left.
    public func start() throws(BoxFailure) -> StartedBox {
        let texts = CTexts()
        var launch = cValue(texts)
        var started = nb_started()
        var failure = nb_failure()
        let result = withSteps(texts) { steps, limits, files, namespaces, filter in
            launch.steps = steps.baseAddress
            launch.step_count = steps.count
            launch.limits = limits.baseAddress
            launch.limit_count = limits.count
            launch.process_files = files
            launch.namespaces = namespaces.baseAddress
            launch.namespace_count = namespaces.count
            launch.filter = filter.baseAddress
            launch.filter_bytes = filter.count
            return nb_start(&launch, &started, &failure)
        }
        withExtendedLifetime(texts) {}  // C pointed into them until here
        guard result == 0 else { throw BoxFailure(failure) }
        return StartedBox(
            pid: started.pid, process: Descriptor(owning: started.pidfd), report: Descriptor(owning: started.report))
    }

    private func withSteps(
        _ texts: CTexts,
        _ body: (
            UnsafeBufferPointer<nb_step>, UnsafeBufferPointer<nb_limit>, UnsafePointer<UnsafePointer<CChar>?>,
            UnsafeBufferPointer<Int32>, UnsafeRawBufferPointer
        ) -> Int32
    ) -> Int32 {
        let limits = privileges.resourceLimits.map { nb_limit(resource: $0.resource, value: $0.value) }
        return steps.map { $0.cValue(texts) }.withUnsafeBufferPointer { steps in
            limits.withUnsafeBufferPointer { limits in
                enteredNamespaces.withUnsafeBufferPointer { namespaces in
                    privileges.filter.withUnsafeBytes { filter in
                        body(steps, limits, texts[processFiles], namespaces, filter)
                    }
                }
            }
        }
    }

    private func cValue(_ texts: CTexts) -> nb_launch {
        var launch = nb_launch()
        launch.process_file_count = processFiles.count
        launch.cgroup = cgroup
        launch.pid_namespace = pidNamespace
        launch.nice = nice
        launch.new_namespaces = newNamespaces.rawValue
        launch.gate = gate
        launch.hostname = hostname.map { texts[$0] }
        launch.capabilities = privileges.capabilities
        launch.no_new_privileges = privileges.noNewPrivileges ? 1 : 0
        launch.other_user = privileges.otherUser ?? 0
        precondition(program.passedDescriptors.count <= Int(NB_PASSED_MAX), "too many descriptors for one box")
        withUnsafeMutableBytes(of: &launch.passed) { $0.copyBytes(from: program.passedDescriptors.asBytes) }
        launch.passed_count = program.passedDescriptors.count
        launch.inherits_standard_streams = program.inheritsStandardStreams ? 1 : 0
        launch.directory = program.directory.map { texts[$0] }
        launch.executable = -1
        switch program.executable {
        case .descriptor(let number): launch.executable = number
        case .path(let path): launch.program = texts[path]
        }
        launch.arguments = texts[program.arguments]
        launch.environment = texts[program.environment]
        return launch
    }
}

extension [Int32] {
    fileprivate var asBytes: [UInt8] { withUnsafeBytes { Array<UInt8>($0) } }
}
