import Glibc
import LinuxSystem
import SpawnerProtocol

extension BoxPrivileges {
    /// Root inside may do what package managers, sudo and servers on low ports need, within its own ids. What could
    /// reach the kernel's interior (SYS_ADMIN, NET_ADMIN, MKNOD, SYS_PTRACE...) is gone for good.
    private static let sandboxCapabilities: [Capability] = [
        .changeOwner, .overrideAccess, .actAsOwner, .keepSetID, .kill, .setGID, .setUID, .setCapabilities,
        .bindLowPorts, .changeRoot, .writeAudit, .setFileCapabilities,
    ]

    static func sandbox(_ request: CreateSandbox) -> BoxPrivileges {
        var privileges = BoxPrivileges()
        privileges.capabilities = Capability.bits(sandboxCapabilities)
        privileges.noNewPrivileges = request.noNewPrivileges
        privileges.filter = SeccompFilter.sandbox
        privileges.resourceLimits = [
            ResourceLimit(Int32(RLIMIT_NOFILE.rawValue), UInt64(request.limits.openFiles)),
            ResourceLimit(Int32(RLIMIT_CORE.rawValue), 0),
        ]
        return privileges
    }
}
