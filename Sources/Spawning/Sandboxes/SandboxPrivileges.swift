import Glibc
import LinuxSystem
import SpawnerProtocol

extension BoxPrivileges {
    /// Root inside may do what package managers, sudo and servers on low ports need, within its own ids. What could
    /// reach the kernel's interior (SYS_ADMIN, NET_ADMIN, MKNOD, SYS_PTRACE...) is gone for good.
    private static let sandboxCapabilities: [Int32] = [
        CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
        CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_AUDIT_WRITE, CAP_SETFCAP,
    ]

    static func sandbox(_ request: CreateSandbox) -> BoxPrivileges {
        var privileges = BoxPrivileges()
        privileges.capabilities = sandboxCapabilities.reduce(0) { $0 | 1 << UInt64($1) }
        privileges.noNewPrivileges = request.noNewPrivileges
        privileges.filter = SeccompFilter.sandbox
        privileges.resourceLimits = [
            ResourceLimit(Int32(RLIMIT_NOFILE.rawValue), UInt64(request.limits.openFiles)),
            ResourceLimit(Int32(RLIMIT_CORE.rawValue), 0),
        ]
        return privileges
    }
}
