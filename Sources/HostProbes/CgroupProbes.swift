import Glibc
import LinuxSystem

/// The layout of cgroups, and each limit by setting it on a cgroup that is removed again.
enum CgroupProbes {
    private static let tries: [(name: String, limits: CgroupLimits)] = [
        ("memory", CgroupLimits(memoryBytes: 64 << 20, cpuMilli: nil, processes: nil)),
        ("cpu", CgroupLimits(memoryBytes: nil, cpuMilli: 500, processes: nil)),
        ("pids", CgroupLimits(memoryBytes: nil, cpuMilli: nil, processes: 16)),
    ]

    static func take() -> [HostProbe] {
        do {
            let layout = try CgroupLayout.detect()
            guard layout.kind != .none else { return [HostProbe("cgroups", nothing)] }
            let detail = layout.kind == .hybrid ? "hybrid: limits in v1, a bare cgroup2 beside" : layout.kind.rawValue
            return [HostProbe("cgroups", .available(detail))] + tries.map { limit($0.name, $0.limits, layout) }
        } catch {
            return [HostProbe("cgroups", .missing(reason: "\(error)", mend: "mount /proc"))]
        }
    }

    private static let nothing = HostProbe.Outcome.missing(
        reason: "none is mounted", mend: "mount -t cgroup2 cgroup2 /sys/fs/cgroup")

    private static func limit(_ name: String, _ limits: CgroupLimits, _ layout: CgroupLayout) -> HostProbe {
        let probe = "cgroup limit on \(name)"
        do {
            let sandbox = try CgroupTree.alone(layout: layout, name: "nestbox-probe-\(getpid())", limits: limits)
            try sandbox.remove()
            return HostProbe(probe, .available("set"))
        } catch {
            let mend =
                geteuid() == 0
                ? "boot with cgroup_enable=\(name), or delegate the controller to this container"
                : "run as root, or have systemd delegate it: systemd-run --user --scope -p Delegate=yes"
            return HostProbe(probe, .missing(reason: "\(error)", mend: mend))
        }
    }
}
