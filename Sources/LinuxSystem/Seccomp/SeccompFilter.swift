/// The precompiled system call filters.
public enum SeccompFilter {
    /// The filter of every sandbox, as an array of native `struct sock_filter`: for this machine's architecture only,
    /// every other ABI is killed. See ``SandboxRules`` for what it says of each call.
    public static let sandbox: [UInt8] = SeccompCompiler
        .program(architecture: .native, groups: SandboxRules.groups)
        .flatMap(\.bytes)
}

/// What a filter must know of a machine: its name in the audit system and its call numbers.
struct SeccompArchitecture: Sendable {
    let auditNumber: UInt32  // AUDIT_ARCH_*, linux/audit.h
    let numbers: SyscallNumbers
    /// Numbers that belong to another ABI with the same audit name.
    let foreignNumbers: Swift.Range<UInt32>?

    static let x86_64 = SeccompArchitecture(
        auditNumber: 0xc000_003e, numbers: .x86_64,
        // __X32_SYSCALL_BIT; -1, which a tracer writes to skip a call, is above.
        foreignNumbers: 0x4000_0000..<0x8000_0000)
    static let aarch64 = SeccompArchitecture(auditNumber: 0xc000_00b7, numbers: .aarch64, foreignNumbers: nil)

    #if arch(x86_64)
        static let native = x86_64
    #elseif arch(arm64)
        static let native = aarch64
    #else
        #error("Nestbox has no system call table for this architecture")
    #endif
}
