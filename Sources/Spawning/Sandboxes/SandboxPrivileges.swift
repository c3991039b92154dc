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
        // The guest's, who keeps its commands below it.
        let processes = ResourceLimit(Int32(__RLIMIT_NPROC.rawValue), UInt64(request.limits.processes))
        privileges.resourceLimits = resourceLimits(request.limits) + [processes]
        return privileges
    }

    /// A user of the family's own ids who is neither its root, whose namespaces the sandboxes are, nor the nobody that
    /// its first process is; no template has it.
    private static let zygoteUser: UInt32 = 65_533

    /// What lets a process enter the namespaces of the family's sandboxes that it was given, and nothing else: it may
    /// signal, trace and become nobody but itself.
    private static let zygoteCapabilities: [Capability] = [.administer, .changeRoot]

    static func zygote(_ request: StartZygote) -> BoxPrivileges {
        var privileges = BoxPrivileges()
        privileges.capabilities = Capability.bits(zygoteCapabilities)
        privileges.otherUser = zygoteUser
        privileges.noNewPrivileges = request.noNewPrivileges
        privileges.filter = SeccompFilter.zygote
        let reserve = ProcessReserve(limit: UInt64(request.limits.processes))
        let processes = ResourceLimit(Int32(__RLIMIT_NPROC.rawValue), reserve.forked)
        privileges.resourceLimits = resourceLimits(request.limits) + [processes]
        return privileges
    }

    private static func resourceLimits(_ limits: SpawnLimits) -> [ResourceLimit] {
        [
            ResourceLimit(Int32(RLIMIT_NOFILE.rawValue), UInt64(limits.openFiles)),
            ResourceLimit(Int32(RLIMIT_CORE.rawValue), 0),
        ] + KernelCounts.resourceLimits
    }
}
