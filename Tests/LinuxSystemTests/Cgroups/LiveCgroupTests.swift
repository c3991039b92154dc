import Glibc
import Testing

@testable import LinuxSystem

/// The same on the kernel at hand.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root: makes cgroups"))
struct LiveCgroupTests {
    private static func withTree(_ body: (CgroupTree) throws -> Void) throws {
        let tree = try CgroupTree(layout: try CgroupLayout.detect(), name: "nestbox-test-\(getpid())")
        defer { tree.remove("") }
        try body(tree)
    }

    @Test func `a sandbox's limits are in force and nothing is left of it`() throws {
        try Self.withTree { tree in
            let limits = CgroupLimits(memoryBytes: 64 << 20, cpuMilli: 500, processes: 7)
            let sandbox = try tree.makeSandbox("f1/i1", limits: limits)
            let usage = try sandbox.usage()
            #expect(usage.memoryLimitBytes == 64 << 20)
            #expect(usage.processes == 0)
            #expect(try tree.children(of: "f1") == ["i1"])
            #expect(try sandbox.pids().isEmpty)
            try sandbox.kill()
            try sandbox.remove()
            #expect(try tree.children(of: "f1").isEmpty)
            tree.remove("")
            #expect(try tree.children(of: "").isEmpty)
        }
    }

    @Test func `kill ends what is inside`() throws {
        try Self.withTree { tree in
            let sandbox = try tree.makeSandbox(
                "i", limits: CgroupLimits(memoryBytes: nil, cpuMilli: nil, processes: 10))
            var pid: pid_t = 0
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("100"), nil]
            defer { arguments.forEach { free($0) } }
            #expect(posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, nil) == 0)
            for file in sandbox.processFiles + sandbox.directories.map({ $0 + "/cgroup.procs" }) {
                try CgroupFiles.kernel.write(String(pid), file)
            }
            #expect(try sandbox.pids() == [pid])
            try sandbox.kill()
            var status: Int32 = 0
            #expect(waitpid(pid, &status, 0) == pid)
            #expect(status & 0x7f == SIGKILL)
            try sandbox.remove()
        }
    }
}
