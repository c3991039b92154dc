/// All that was found out about a host, and what follows for each isolation level.
public struct HostReport: Sendable, Hashable {
    public let probes: [HostProbe]

    public init(probes: [HostProbe]) {
        self.probes = probes
    }

    /// Tries everything. Takes about a second where KVM is slow; leaves nothing behind.
    public static func take() -> HostReport {
        HostReport(
            probes: KernelProbes.take() + NamespaceProbes.take() + CgroupProbes.take() + StorageProbes.take())
    }

    /// Weakest first.
    public var levels: [HostLevel] {
        [
            HostLevel(name: "none", outcome: .pending(Self.notYet)),
            HostLevel(name: "process", outcome: process),
            HostLevel(name: "container", outcome: .pending(Self.notYet)),
            HostLevel(name: "microvm", outcome: .pending(microVM)),
            HostLevel(name: "wasm", outcome: .pending(Self.notYet)),
        ]
    }

    private static let notYet = "not in this version"

    /// What the process level cannot do without. Landlock, nftables and KVM are not in it.
    static let processNeeds = [
        "root", "seccomp filter", "user namespace", "mount namespace", "pid namespace", "network namespace",
        "ipc namespace", "uts namespace", "cgroup namespace", "cgroups", "cgroup limit on memory",
        "cgroup limit on cpu", "cgroup limit on pids", "overlayfs in a user namespace", "erofs layers",
        "idmapped mounts", "loop devices",
    ]

    private var process: HostLevel.Outcome {
        var reasons: [String] = []
        var mends: [String] = []
        for need in Self.processNeeds {
            switch probes.first(where: { $0.name == need })?.outcome {
            case .available: continue
            case .missing(let reason, let mend):
                reasons.append("\(need) (\(reason))")
                mends.append(mend)
            case nil: reasons.append("\(need) (not tried)")
            }
        }
        guard !reasons.isEmpty else { return .available("all that it needs works") }
        return .missing(reason: reasons.joined(separator: "; "), mend: mends.joined(separator: "; "))
    }

    private var microVM: String {
        let isReady = probes.first { $0.name == "KVM" }?.isAvailable ?? false
        return Self.notYet + (isReady ? "; this host could" : "; this host could only emulate it")
    }
}
