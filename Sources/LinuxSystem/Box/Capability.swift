/// Root's powers one by one, as in `linux/capability.h`.
public enum Capability: UInt64, Sendable, Hashable {
    case changeOwner = 0  // CAP_CHOWN
    case overrideAccess = 1  // CAP_DAC_OVERRIDE
    case actAsOwner = 3  // CAP_FOWNER
    case keepSetID = 4  // CAP_FSETID
    case kill = 5  // CAP_KILL
    case setGID = 6  // CAP_SETGID
    case setUID = 7  // CAP_SETUID
    case setCapabilities = 8  // CAP_SETPCAP
    case bindLowPorts = 10  // CAP_NET_BIND_SERVICE
    case changeRoot = 18  // CAP_SYS_CHROOT
    case administer = 21  // CAP_SYS_ADMIN
    case writeAudit = 29  // CAP_AUDIT_WRITE
    case setFileCapabilities = 31  // CAP_SETFCAP

    /// As the kernel's bit set.
    public static func bits(_ capabilities: [Capability]) -> UInt64 {
        capabilities.reduce(0) { $0 | 1 << $1.rawValue }
    }
}
