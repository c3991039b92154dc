import Glibc
import Testing

@testable import LinuxSystem

@Suite struct SandboxFilterTests {
    static let architectures = ["x86_64": SeccompArchitecture.x86_64, "aarch64": SeccompArchitecture.aarch64]
    static let allow = SeccompCompiler.allow
    static let refuse = SeccompCompiler.refuse(EPERM)
    static let absent = SeccompCompiler.refuse(ENOSYS)
    static let kill = SeccompCompiler.killProcess
    static let unknownFamily = SeccompCompiler.refuse(EAFNOSUPPORT)
    static let noProgram = SeccompCompiler.refuse(ENOPROTOOPT)

    static func run(_ machine: String, _ name: String, _ arguments: [UInt64] = []) throws -> UInt32 {
        let architecture = try #require(architectures[machine])
        let number = try #require(architecture.numbers.byName[name])
        let call = BPFInterpreter.Call(
            architecture: architecture.auditNumber, number: number, arguments: arguments)
        return try interpreter(architecture).run(call).verdict
    }

    static func interpreter(_ architecture: SeccompArchitecture) -> BPFInterpreter {
        BPFInterpreter(program: SeccompCompiler.program(architecture: architecture, groups: SandboxRules.groups))
    }

    @Test(arguments: ["x86_64", "aarch64"])
    func `every call we know has exactly one rule, and the program gives it`(machine: String) throws {
        let architecture = try #require(Self.architectures[machine])
        let interpreter = Self.interpreter(architecture)
        var ruled: Set<String> = []
        for group in SandboxRules.groups {
            for name in group.names.split(whereSeparator: \.isWhitespace).map(String.init) {
                #expect(ruled.insert(name).inserted, "\(name) stands twice")
                guard let number = architecture.numbers.byName[name] else { continue }
                let call = BPFInterpreter.Call(architecture: architecture.auditNumber, number: number)
                let verdict = try interpreter.run(call).verdict
                switch group.rule {
                case .allow: #expect(verdict == Self.allow, "\(name)")
                case .refuse(let errno): #expect(verdict == SeccompCompiler.refuse(errno), "\(name)")
                case .kill: #expect(verdict == Self.kill, "\(name)")
                case .allowIf(_, let errno), .refuseIf(_, let errno):
                    #expect(verdict == Self.allow || verdict == SeccompCompiler.refuse(errno), "\(name)")
                }
            }
        }
        #expect(Set(architecture.numbers.byName.keys).subtracting(ruled).isEmpty)
    }

    @Test func `no rule names a call that no machine has`() {
        let known = Set(SyscallNumbers.x86_64.byName.keys).union(SyscallNumbers.aarch64.byName.keys)
        for group in SandboxRules.groups {
            #expect(Set(group.names.split(whereSeparator: \.isWhitespace).map(String.init)).subtracting(known).isEmpty)
        }
    }

    @Test(arguments: [
        ("x86_64", "rseq", 334), ("x86_64", "pidfd_send_signal", 424), ("x86_64", "set_mempolicy_home_node", 450),
        ("x86_64", "removexattrat", 466), ("x86_64", "openat", 257), ("aarch64", "recvmmsg", 243),
        ("aarch64", "wait4", 260), ("aarch64", "kexec_file_load", 294), ("aarch64", "openat", 56),
        ("aarch64", "clone3", 435), ("aarch64", "execve", 221),
    ])
    func `the numbers are the kernel's`(machine: String, name: String, number: UInt32) throws {
        #expect(try #require(Self.architectures[machine]).numbers.byName[name] == number)
    }

    static let verdicts: [(String, [UInt64], UInt32)] = [
        ("clone", [0x0011], allow),
        ("clone", [0x003d_0f00], allow),  // what pthread_create asks
        ("clone", [0x1000_0011], refuse),  // CLONE_NEWUSER
        ("clone", [0xffff_ffff_4000_0011], refuse),  // CLONE_NEWNET behind rubbish
        ("unshare", [0x400], allow),
        ("unshare", [0x2_0000], refuse),
        ("unshare", [0x80], refuse),
        ("clone3", [], absent),
        ("socket", [1, 1, 0], allow),
        ("socket", [2, 0x8_0801, 6], allow),  // with SOCK_CLOEXEC and SOCK_NONBLOCK
        ("socket", [10, 2, 17], allow),
        ("socket", [2, 2, 1], allow),  // unprivileged ping
        ("socket", [2, 3, 1], unknownFamily),  // raw
        ("socket", [2, 0x8_0003, 1], unknownFamily),
        ("socket", [2, 10, 0], unknownFamily),  // SOCK_PACKET
        ("socket", [2, 1, 262], unknownFamily),  // MPTCP
        ("socket", [16, 3, 0], unknownFamily),  // netlink
        ("socket", [17, 3, 0], unknownFamily),  // packet
        ("socket", [38, 5, 0], unknownFamily),  // AF_ALG
        ("socket", [40, 1, 0], unknownFamily),  // vsock
        ("socket", [0xffff_ffff_0000_0001, 1, 0], allow),  // the kernel reads an int
        ("socketpair", [1, 1, 0], allow),
        ("socketpair", [2, 1, 0], refuse),
        ("ioctl", [0, 0x5401], allow),
        ("ioctl", [0, 0x5412], refuse),
        ("ioctl", [0, 0xffff_ffff_0000_5412], refuse),  // CVE-2019-10063
        ("ioctl", [0, 0x541c], refuse),
        ("ioctl", [0, 0x5423], refuse),
        ("setsockopt", [3, 1, 9], allow),  // SO_KEEPALIVE
        ("setsockopt", [3, 41, 26], allow),  // IPV6_V6ONLY
        ("setsockopt", [3, 1, 26], noProgram),  // SO_ATTACH_FILTER
        ("setsockopt", [3, 0xffff_ffff_0000_0001, 26], noProgram),
        ("setsockopt", [3, 1, 51], noProgram),
        ("io_setup", [128], absent),
        ("personality", [0], allow),
        ("personality", [0xffff_ffff], allow),
        ("personality", [0x4_0000], allow),
        ("personality", [8], refuse),
        ("personality", [0x40_0000], refuse),  // READ_IMPLIES_EXEC
        ("io_uring_setup", [], refuse),
        ("bpf", [], refuse),
        ("mount", [], refuse),
        ("init_module", [], kill),
        ("kexec_load", [], kill),
    ]

    @Test(arguments: verdicts)
    func `the arguments decide as the rule says`(name: String, arguments: [UInt64], verdict: UInt32) throws {
        #expect(try Self.run("x86_64", name, arguments) == verdict)
        #expect(try Self.run("aarch64", name, arguments) == verdict)
    }

    @Test(arguments: [
        (0x4000_0003 as UInt32, 0xc000_003e as UInt32, kill),  // x32
        (0x4000_0000, 0xc000_003e, kill), (0x7fff_ffff, 0xc000_003e, kill),
        (0xffff_ffff, 0xc000_003e, absent),  // a call that a tracer skips
        (4, 0x4000_0003, kill),  // i386
        (64, 0xc000_00b7, kill),  // another machine
        (400, 0xc000_003e, absent), (467, 0xc000_003e, absent), (5000, 0xc000_003e, absent),
    ])
    func `other ABIs are killed and unknown numbers absent`(
        number: UInt32, architecture: UInt32, verdict: UInt32
    ) throws {
        let call = BPFInterpreter.Call(architecture: architecture, number: number)
        #expect(try Self.interpreter(.x86_64).run(call).verdict == verdict)
    }

    @Test func `no call costs more than a short walk down the tree`() throws {
        let interpreter = Self.interpreter(.x86_64)
        for number in UInt32(0)..<500 {
            let call = BPFInterpreter.Call(architecture: 0xc000_003e, number: number)
            #expect(try interpreter.run(call).steps <= 24)
        }
        #expect(SeccompFilter.sandbox.count < 512)
    }
}
