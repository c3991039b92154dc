/// The system call filters, compiled beforehand: compiling one takes longer than all else that a sandbox's start does.
/// ``SandboxRules`` says what they do; `SeccompProgramsTests` shows that these are its programs, and writes them anew.
public enum SeccompFilter {
    /// The filter of every sandbox, as an array of native `struct sock_filter`: for this machine's architecture only,
    /// every other ABI is killed.
    public static var sandbox: [UInt64] { SeccompPrograms.sandbox }

    /// The filter of `nestbox run`, which may lend a directory of the host: as ``sandbox``, and no file may become
    /// setuid or setgid, since it would be so on the host as well.
    public static var directRun: [UInt64] { SeccompPrograms.directRun }

    /// The filter of a zygote, which forks itself into sandboxes: as ``sandbox``, and it may enter namespaces that it
    /// was given. What lands takes that away again; see Kernels/land.
    public static var zygote: [UInt64] { SeccompPrograms.zygote }

    /// What the programs are compiled from.
    static let sources: [(name: String, groups: [SandboxRules.Group])] = [
        ("sandbox", SandboxRules.groups),
        ("directRun", SandboxRules.groups + SandboxRules.withoutSetuidFiles),
        ("zygote", SandboxRules.groups + SandboxRules.landing),
    ]

    static let architectures: [(condition: String, architecture: SeccompArchitecture)] = [
        ("x86_64", .x86_64), ("arm64", .aarch64),
    ]

    /// The text of `SeccompPrograms.swift`.
    static func programsText() -> String {
        var text = """
            /// The compiled programs, one `struct sock_filter` in each number, lowest byte first: written by
            /// `NESTBOX_WRITE_FILTERS=1 swift test --filter SeccompProgramsTests`, not by hand.
            enum SeccompPrograms {

            """
        for (condition, architecture) in architectures {
            text += "    #\(condition == architectures[0].condition ? "if" : "elseif") arch(\(condition))\n"
            for (name, groups) in sources {
                let program = SeccompCompiler.program(architecture: architecture, groups: groups)
                text += "        static let \(name): [UInt64] = [\n\(lines(program.map(\.word)))        ]\n"
            }
        }
        return text + "    #endif\n}\n"
    }

    private static let wordsPerLine = 4

    private static func lines(_ words: [UInt64]) -> String {
        stride(from: 0, to: words.count, by: wordsPerLine).map { start in
            let line = words[start..<min(start + wordsPerLine, words.count)].map { word in
                let digits = String(word, radix: 16)
                return "0x" + String(repeating: "0", count: 16 - digits.count) + digits + ","
            }
            return "            " + line.joined(separator: " ") + "\n"
        }.joined()
    }
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
