import Glibc
import LinuxSystem

/// The cgroup of one run, for memory and CPU. Where the host gives us none, a limit that was asked for is refused and a
/// default is told about, so that nobody believes in a wall that is not there. (The number of processes is held by a
/// resource limit instead: the only user of the run's user namespace runs nothing else.)
struct RunCgroup {
    static let prefix = "nestbox-run-"
    let sandbox: SandboxCgroup?
    let warnings: [String]

    init(_ options: RunOptions) throws(RunError) {
        let limits = CgroupLimits(
            memoryBytes: options.memoryBytes.value, cpuMilli: options.cpuMilli.value, processes: nil)
        do throws(SyscallError) {
            sandbox = try CgroupTree.alone(layout: try CgroupLayout.detect(), name: Self.name(), limits: limits)
            warnings = []
        } catch {
            let explicit = [("--memory", options.memoryBytes.isExplicit), ("--cpus", options.cpuMilli.isExplicit)]
            for (name, isExplicit) in explicit where isExplicit {
                throw .refused(step: name, reason: "cannot be enforced: no cgroup may be made here (\(error))")
            }
            sandbox = nil
            warnings = [
                "memory is not limited: no cgroup may be made here (\(error))",
                "CPU is not limited: no cgroup may be made here",
            ]
        }
    }

    /// Limits are cgroup2's, as on most hosts. A glance; ``CgroupLayout`` looks properly.
    static var isUnified: Bool { access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 }

    /// The cgroup2 directory to be born in, if there is one.
    func directory() throws(RunError) -> Descriptor? {
        guard let sandbox, sandbox.hasDirectory else { return nil }
        do { return try sandbox.openDirectory() } catch { throw .refused(step: "cgroup", reason: "\(error)") }
    }

    /// Ours alone, also beside a run that died and whose process id we got.
    private static func name() -> String {
        var random = SystemRandomNumberGenerator()
        return prefix + String(getpid()) + "-" + String(random.next(), radix: 36)
    }
}
