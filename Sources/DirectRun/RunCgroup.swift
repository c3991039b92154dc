import Glibc
import LinuxSystem

/// The cgroup of one run, for memory and CPU. Where the host gives us none, a limit that was asked for is refused and a
/// default is told about, so that nobody believes in a wall that is not there. (The number of processes is held by a
/// resource limit instead: the only user of the run's user namespace runs nothing else.)
struct RunCgroup {
    static let prefix = "nestbox-run-"
    let sandbox: SandboxCgroup?
    private let layout: CgroupLayout?
    let warnings: [String]

    init(_ options: RunOptions) throws(RunError) {
        let limits = CgroupLimits(
            memoryBytes: options.memoryBytes.value, cpuMilli: options.cpuMilli.value, processes: nil)
        do throws(SyscallError) {
            let layout = try CgroupLayout.detect()
            sandbox = try CgroupTree.alone(layout: layout, name: Self.name(), limits: limits)
            self.layout = layout
            warnings = []
        } catch {
            let explicit = [("--memory", options.memoryBytes.isExplicit), ("--cpus", options.cpuMilli.isExplicit)]
            for (name, isExplicit) in explicit where isExplicit {
                throw .refused(step: name, reason: "cannot be enforced: no cgroup may be made here (\(error))")
            }
            sandbox = nil
            layout = nil
            warnings = [
                "memory is not limited: no cgroup may be made here (\(error))",
                "CPU is not limited: no cgroup may be made here",
            ]
        }
    }

    /// Takes away what a run left that was killed before it could. What cannot be listed or removed is left to others.
    func sweep() {
        // Those that cannot be listed are nobody's left-overs that we could remove.
        guard let layout, let names = try? sandbox?.siblings() else { return }
        for name in names where name.hasPrefix(Self.prefix) && Self.isAbandoned(name) {
            CgroupTree.removeAlone(layout: layout, name: name)
        }
    }

    /// The name says whose it was; a box ends with the process that made it.
    private static func isAbandoned(_ name: String) -> Bool {
        guard let pid = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ pid_t($0) }) else {
            return false
        }
        return kill(pid, 0) != 0 && errno == ESRCH
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
