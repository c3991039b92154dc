import CLinux
import Glibc
import LinuxSystem

/// What a command may have: of open files as much as the guest was given, of processes more than those before it.
struct CommandLimits {
    let openFiles: rlimit
    /// Of its user, itself among them; 0 if there is no limit.
    private(set) var processes: UInt64 = 0
    private let reserve: ProcessReserve?

    /// Raises the guest's own limit of open files.
    init() throws(SyscallError) {
        var before = rlimit()
        try check("setrlimit", path: "RLIMIT_NOFILE") { guest_raise_open_files(&before) }
        openFiles = before
        var own = rlimit()
        try check("getrlimit", path: "RLIMIT_NPROC") { getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &own) }
        reserve = own.rlim_cur == .max ? nil : ProcessReserve(limit: UInt64(own.rlim_cur))
    }

    /// For the next command.
    func beside(_ table: ProcessTable) -> CommandLimits {
        var limits = self
        if let reserve { limits.processes = reserve.next(beside: table.highestProcessLimit) }
        return limits
    }
}
