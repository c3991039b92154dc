/// A resource that the kernel limits per cgroup, by its name in `/proc/cgroups`.
public enum CgroupController: String, Sendable, Hashable, CaseIterable {
    case memory, cpu, pids

    /// v1 only, and only where no cgroup2 is mounted: how processes are stopped and their CPU time is read.
    case freezer, cpuacct

    /// The controllers that stand behind ``CgroupLimits``.
    public static let limiting: Set<CgroupController> = [.memory, .cpu, .pids]
}
