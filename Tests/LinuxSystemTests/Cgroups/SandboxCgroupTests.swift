import Glibc
import Testing

@testable import LinuxSystem

@Suite struct SandboxCgroupTests {
    static let path = CgroupTreeTests.root + "/nestbox/i"

    static func unifiedSandbox() throws -> (FakeCgroups, SandboxCgroup) {
        let (fake, layout) = CgroupTreeTests.unifiedHost()
        let tree = try CgroupTreeTests.tree(fake, layout)
        return (fake, try tree.makeSandbox("i", limits: CgroupTreeTests.limits))
    }

    @Test func `v2 usage is read from its own files`() throws {
        let (fake, sandbox) = try Self.unifiedSandbox()
        fake.set(Self.path + "/cpu.stat", "usage_usec 1234\nuser_usec 1000\n")
        fake.set(Self.path + "/memory.current", "4096\n")
        fake.set(Self.path + "/memory.stat", "anon 1\nfile 2048\n")
        fake.set(Self.path + "/memory.events", "low 0\noom 2\noom_kill 3\n")
        fake.set(Self.path + "/memory.max", "max\n")
        fake.set(Self.path + "/pids.current", "5\n")
        var expected = CgroupUsage()
        expected.cpuMicroseconds = 1234
        expected.memoryBytes = 4096
        expected.cacheBytes = 2048
        expected.processes = 5
        expected.outOfMemoryKills = 3
        #expect(try sandbox.usage() == expected)
    }

    @Test func `kill is one write where the kernel has it`() throws {
        let (fake, sandbox) = try Self.unifiedSandbox()
        try sandbox.kill()
        #expect(fake.writes.last == Self.path + "/cgroup.kill=1")
        #expect(fake.killed.isEmpty)
    }

    @Test func `an older kernel's processes are frozen, killed and thawed`() throws {
        let (fake, sandbox) = try Self.unifiedSandbox()
        fake.refuse(Self.path + "/cgroup.kill", with: ENOENT)
        fake.set(Self.path + "/cgroup.procs", "")
        try sandbox.kill()
        #expect(fake.writes.suffix(2) == [Self.path + "/cgroup.freeze=1", Self.path + "/cgroup.freeze=0"])
    }

    @Test func `removal waits for a dying process and forgives what is gone`() throws {
        let (fake, sandbox) = try Self.unifiedSandbox()
        fake.refuse(Self.path, with: EBUSY)
        try sandbox.remove()
        try sandbox.remove()
        #expect(!fake.directories.contains(Self.path))
    }
}
