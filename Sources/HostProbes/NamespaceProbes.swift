import CLinux
import Glibc

/// Namespaces, each made by a child that ends at once.
enum NamespaceProbes {
    // linux/sched.h
    private static let user: UInt64 = 0x1000_0000
    private static let kinds: [(name: String, flag: UInt64, option: String)] = [
        ("mount", 0x0002_0000, "CONFIG_NAMESPACES"), ("pid", 0x2000_0000, "CONFIG_PID_NS"),
        ("network", 0x4000_0000, "CONFIG_NET_NS"), ("ipc", 0x0800_0000, "CONFIG_IPC_NS"),
        ("uts", 0x0400_0000, "CONFIG_UTS_NS"), ("cgroup", 0x0200_0000, "CONFIG_CGROUPS"),
    ]

    static func take() -> [HostProbe] {
        var probes = [
            Refusal.probe(
                "user namespace", nb_probe_namespaces(user, 0), detail: "made",
                mend: "raise user.max_user_namespaces; the kernel needs CONFIG_USER_NS"),
            Refusal.probe(
                "user namespace for ordinary users", nb_probe_namespaces(user, 1), detail: "made as uid 65534",
                mend: "set kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0"),
        ]
        for kind in kinds {
            // An ordinary user may make the others only together with a user namespace.
            let flags = geteuid() == 0 ? kind.flag : kind.flag | user
            probes.append(
                Refusal.probe(
                    "\(kind.name) namespace", nb_probe_namespaces(flags, 0), detail: "made",
                    mend: "use a kernel with \(kind.option)"))
        }
        return probes
    }
}
