import CLinux
import Glibc
import LinuxSystem

/// Filters, packet rules, virtual machines, memory.
enum KernelProbes {
    static func take() -> [HostProbe] {
        [root(), seccomp(), landlock(), nftables(), virtualMachine(), memory()]
    }

    private static func root() -> HostProbe {
        geteuid() == 0
            ? HostProbe("root", .available("uid 0"))
            : HostProbe(
                "root", .missing(reason: "uid \(geteuid())", mend: "sudo, for the server; nestbox run needs none"))
    }

    private static func seccomp() -> HostProbe {
        let filter = SeccompFilter.sandbox
        return Refusal.probe(
            "seccomp filter", nb_probe_seccomp(filter, filter.count * MemoryLayout<UInt64>.size),
            detail: "the sandbox's filter loaded, and refused a call",
            mend: "use a kernel with CONFIG_SECCOMP_FILTER; in a container, allow seccomp(2)")
    }

    private static func landlock() -> HostProbe {
        let version = nb_probe_landlock()
        return version > 0
            ? HostProbe("Landlock", .available("version \(version)"))
            : HostProbe("Landlock", .missing(reason: Refusal.text(-version), mend: "boot with lsm=landlock,..."))
    }

    private static func nftables() -> HostProbe {
        Refusal.probe(
            "nftables", nb_probe_nftables(), detail: "a table added in a network namespace",
            mend: "load the module nf_tables")
    }

    private static let guestDeadlineMilliseconds: Int32 = 1000
    /// Real hardware runs the loop at about one nanosecond an instruction; software that pretends is a thousand times
    /// slower, and a guest kernel would boot in minutes.
    private static let usableNanosecondsPerInstruction = 100.0

    private static func virtualMachine() -> HostProbe {
        var result = nb_kvm_probe()
        let mend = "use a host with hardware virtualisation, and load kvm_intel or kvm_amd"
        guard nb_probe_kvm(guestDeadlineMilliseconds, &result) == 0 else {
            let step = withUnsafeBytes(of: result.step) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            return HostProbe("KVM", .missing(reason: "\(step): \(Refusal.text(result.error_number))", mend: mend))
        }
        let pace = "\(Int(result.nanoseconds_per_instruction.rounded(.up))) ns an instruction"
        guard result.nanoseconds_per_instruction <= usableNanosecondsPerInstruction else {
            return HostProbe("KVM", .missing(reason: "a guest runs, but in software: \(pace)", mend: mend))
        }
        return HostProbe("KVM", .available("a guest ran, at \(pace)"))
    }

    private static func memory() -> HostProbe {
        let pages = sysconf(Int32(_SC_PHYS_PAGES)), size = sysconf(Int32(_SC_PAGESIZE))
        return HostProbe("memory", .available("\((pages * size) >> 20) MiB"))
    }
}
