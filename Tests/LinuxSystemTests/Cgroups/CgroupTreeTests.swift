import Glibc
import Testing

@testable import LinuxSystem

@Suite struct CgroupTreeTests {
    static let limits = CgroupLimits(memoryBytes: 64 << 20, cpuMilli: 500, processes: 32)
    static let root = "/sys/fs/cgroup"

    /// A pure v2 host whose `top` holds all controllers.
    static func unifiedHost(own: String = "/") -> (FakeCgroups, CgroupLayout) {
        let fake = FakeCgroups(
            directories: [root],
            texts: [
                root + "/cgroup.controllers": "cpuset cpu io memory pids",
                root + "/cgroup.subtree_control": "",
            ])
        return (fake, CgroupLayout(mountInfo: CgroupTexts.unifiedMounts, ownCgroups: "0::\(own)\n"))
    }

    static func tree(_ fake: FakeCgroups, _ layout: CgroupLayout) throws(SyscallError) -> CgroupTree {
        try CgroupTree(layout: layout, name: "nestbox", controllers: CgroupController.limiting, files: fake.files)
    }

    @Test func `on v2 the controllers are handed down all the way and the limits written`() throws {
        let (fake, layout) = Self.unifiedHost()
        let sandbox = try Self.tree(fake, layout).makeSandbox("f3/i123", limits: Self.limits)
        #expect(sandbox.processFiles.isEmpty)
        let path = Self.root + "/nestbox/f3/i123"
        #expect(
            fake.writes == [
                Self.root + "/cgroup.subtree_control=+cpu +memory +pids",
                Self.root + "/nestbox/cgroup.subtree_control=+cpu +memory +pids",
                Self.root + "/nestbox/f3/cgroup.subtree_control=+cpu +memory +pids",
                path + "/memory.max=67108864", path + "/memory.swap.max=0", path + "/memory.oom.group=0",
                path + "/cpu.max=50000 100000", path + "/pids.max=32",
            ])
    }

    @Test func `on a hybrid the limits go to v1 and cgroup2 keeps a bare directory`() throws {
        let fake = Self.hybridHost()
        let tree = try Self.tree(fake, Self.hybridLayout)
        let sandbox = try tree.makeSandbox("f/i", limits: Self.limits)
        #expect(
            sandbox.processFiles == [
                "/sys/fs/cgroup/cpu/nestbox/f/i/tasks",
                "/sys/fs/cgroup/memory/login/c224/nestbox/f/i/tasks",
                "/sys/fs/cgroup/pids/nestbox/f/i/tasks",
            ])
        #expect(fake.directories.contains("/sys/fs/cgroup/unified/nestbox/f/i"))
        let memory = "/sys/fs/cgroup/memory/login/c224/nestbox/f/i/memory."
        #expect(fake.writes.contains(memory + "limit_in_bytes=67108864"))
        #expect(fake.writes.contains(memory + "memsw.limit_in_bytes=67108864"))
        #expect(fake.writes.contains("/sys/fs/cgroup/cpu/nestbox/f/i/cpu.cfs_quota_us=50000"))
        #expect(try tree.children(of: "f") == ["i"])
        try sandbox.remove()
        tree.remove("")
        #expect(fake.directories == Self.hybridHost().directories)
    }

    @Test func `a limit that is refused leaves no directory behind`() throws {
        let fake = Self.hybridHost()
        let tree = try Self.tree(fake, Self.hybridLayout)
        let before = fake.directories
        fake.refuse("/sys/fs/cgroup/pids/nestbox/f/i/pids.max", with: EINVAL)
        #expect(throws: SyscallError.self) { try tree.makeSandbox("f/i", limits: Self.limits) }
        #expect(fake.directories == before)
    }

    @Test func `a refused sandbox leaves its sibling alone`() throws {
        let (fake, layout) = Self.unifiedHost()
        let tree = try Self.tree(fake, layout)
        _ = try tree.makeSandbox("f/i", limits: Self.limits)
        #expect(throws: SyscallError("mkdir", path: Self.root + "/nestbox/f/i", number: EEXIST)) {
            try tree.makeSandbox("f/i", limits: Self.limits)
        }
        #expect(try tree.children(of: "f") == ["i"])
    }

    @Test func `a tree climbs past a session with processes and is found again`() throws {
        let (fake, layout) = Self.unifiedHost(own: "/slice/session")
        try fake.files.makeDirectory(Self.root + "/slice")
        try fake.files.makeDirectory(Self.root + "/slice/session")
        fake.refuse(Self.root + "/slice/session/cgroup.subtree_control", with: EBUSY)
        #expect(try Self.tree(fake, layout).unifiedRoot == Self.root + "/slice/nestbox")
        #expect(try Self.tree(fake, layout).unifiedRoot == Self.root + "/slice/nestbox")
    }

    @Test func `at a container's top the processes make room in a leaf`() throws {
        let (fake, layout) = Self.unifiedHost()
        fake.set(Self.root + "/cgroup.procs", "1\n17\n")
        fake.refuse(Self.root + "/cgroup.subtree_control", with: EBUSY)
        _ = try Self.tree(fake, layout)
        #expect(fake.writes.prefix(2) == ["1", "17"].map { Self.root + "/nestbox-host/cgroup.procs=\($0)" }[...])
    }

    @Test func `a host that lacks a controller is refused, not half limited`() {
        let (fake, layout) = Self.unifiedHost()
        fake.set(Self.root + "/cgroup.controllers", "cpu pids")
        #expect(throws: SyscallError.self) { try Self.tree(fake, layout) }
        #expect(fake.directories == [Self.root])
    }

    @Test(arguments: ["", "..", "a/../b", "/a", "a/", "a//b", ".hidden", "a b", "ä", "a\u{0}"])
    func `a path that is not plain words is refused`(path: String) throws {
        let (fake, layout) = Self.unifiedHost()
        let tree = try Self.tree(fake, layout)
        #expect(throws: SyscallError("cgroup", path: path, number: EINVAL)) {
            try tree.makeSandbox(path, limits: Self.limits)
        }
    }

    static let hybridLayout = CgroupLayout(mountInfo: CgroupTexts.hybridMounts, ownCgroups: CgroupTexts.hybridOwn)
    static func hybridHost() -> FakeCgroups {
        FakeCgroups(directories: [
            "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/login",
            "/sys/fs/cgroup/memory/login/c224", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified",
        ])
    }

    @Test func `the flags of cgroup2 are read from its mount, and from no other`() {
        let mounts = """
            24 1 0:5 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
            25 1 0:6 / /sys/fs/cgroup/memory rw shared:3 - cgroup cgroup rw,memory
            26 1 0:7 / /other rw - cgroup2 cgroup2 rw,favordynmods
            """
        let flags = { CgroupTree.unifiedFlags(at: $0, mountInfo: mounts) }
        #expect(flags("/sys/fs/cgroup") == ["nsdelegate", "memory_recursiveprot"])
        #expect(flags("/other") == ["favordynmods"])
        #expect(flags("/sys/fs/cgroup/memory") == [] && flags("/nowhere") == [])
    }
}
