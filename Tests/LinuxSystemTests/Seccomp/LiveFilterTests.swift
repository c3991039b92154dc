import CLinux
import Glibc
import Testing

@testable import LinuxSystem

/// The filter on the kernel at hand, in a process of its own.
@Suite struct LiveFilterTests {
    private static let noNewPrivileges = 38  // PR_SET_NO_NEW_PRIVS

    private static func installFilter() {
        precondition(call("prctl", noNewPrivileges, 1) == 0)
        let filter = SeccompFilter.sandbox
        precondition(clinux_seccomp_load(filter, 8 * filter.count, true) == 0)
    }

    /// What the call answers, a failure as the negative errno.
    private static func call(_ name: String, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) -> Int {
        guard let number = SeccompArchitecture.native.numbers.byName[name] else { return -Int(ENOSYS) }
        let result = clinux_syscall(Int(number), a, b, c, 0, 0, 0)
        return result < 0 ? -Int(errno) : result
    }

    @Test func `good calls work and blocked ones answer EPERM`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            Self.installFilter()
            precondition(Self.call("getpid") == Int(getpid()))
            precondition(Self.call("socket", 1, 1) >= 0)
            precondition(Self.call("socket", 2, 1) >= 0)
            let unknownFamilies = [
                Self.call("socket", 16, 3), Self.call("socket", 17, 3), Self.call("socket", 40, 1),
                Self.call("socket", 2, 3, 1),
            ]
            precondition(unknownFamilies.allSatisfy { $0 == -Int(EAFNOSUPPORT) })
            let refusedCalls = [
                Self.call("unshare", 0x1000_0000), Self.call("mount"),
                Self.call("bpf"), Self.call("io_uring_setup", 1), Self.call("userfaultfd"),
                Self.call("perf_event_open"), Self.call("keyctl"), Self.call("ioctl", 0, 0x5412),
                Self.call("personality", 8), Self.call("setns"), Self.call("process_vm_readv"),
                Self.call("clone", 0x1000_0011), Self.call("reboot"),
            ]
            precondition(refusedCalls.allSatisfy { $0 == -Int(EPERM) })
            precondition(Self.call("clone3") == -Int(ENOSYS))
            precondition(clinux_syscall(4000, 0, 0, 0, 0, 0, 0) == -1 && errno == ENOSYS)
            let child = Self.spawnTrue()
            precondition(child >= 0)
            exit(0)
        }
    }

    @Test func `a call to load a module ends the process`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            Self.installFilter()
            _ = Self.call("init_module")
        }
    }

    #if arch(x86_64)
        @Test func `the x32 ABI ends the process`() async {
            await #expect(processExitsWith: .signal(SIGSYS)) {
                Self.installFilter()
                _ = clinux_syscall(0x4000_0000 | 39, 0, 0, 0, 0, 0, 0)
            }
        }
    #endif

    /// A new process, made the way libc makes one: by `posix_spawn`, whose clone3 falls back to clone.
    private static func spawnTrue() -> Int32 {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { arguments.forEach { free($0) } }
        guard posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0 else { return -1 }
        var status: Int32 = 0
        return waitpid(pid, &status, 0) == pid && status == 0 ? pid : -1
    }
}
