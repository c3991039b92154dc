import Testing

@testable import LinuxSystem

@Suite struct CgroupLayoutTests {
    @Test func `a pure v2 host has one hierarchy for everything`() {
        let layout = CgroupLayout(
            mountInfo: "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
            ownCgroups: "0::/user.slice/user-1000.slice/session-3.scope\n")
        #expect(layout.kind == .unified)
        #expect(layout.legacy.isEmpty)
        #expect(
            layout.unified?.candidates == [
                "/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope",
                "/sys/fs/cgroup/user.slice/user-1000.slice", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup",
            ])
    }

    @Test func `a hybrid has its controllers in v1 and a bare cgroup2 beside them`() {
        let layout = CgroupLayout(mountInfo: CgroupTexts.hybridMounts, ownCgroups: CgroupTexts.hybridOwn)
        #expect(layout.kind == .hybrid)
        #expect(layout.unified?.ownDirectory == "/sys/fs/cgroup/unified")
        #expect(layout.legacy[.memory]?.ownDirectory == "/sys/fs/cgroup/memory/login/c224")
        #expect(layout.legacy[.memory]?.mountPoint == "/sys/fs/cgroup/memory")
        #expect(layout.legacy[.cpu]?.ownDirectory == "/sys/fs/cgroup/cpu")
        #expect(layout.legacy[.pids]?.ownDirectory == "/sys/fs/cgroup/pids")
    }

    @Test func `on a v1 host controllers that share a mount share a directory`() {
        let layout = CgroupLayout(mountInfo: CgroupTexts.legacyMounts, ownCgroups: CgroupTexts.legacyOwn)
        #expect(layout.kind == .legacy)
        #expect(layout.legacy[.cpu] == layout.legacy[.cpuacct])
        #expect(layout.legacy[.cpu]?.ownDirectory == "/sys/fs/cgroup/cpu,cpuacct/sys tem")
    }

    @Test func `in a container the path begins at the mounted root`() {
        let mounts = "31 23 0:28 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        let inside = CgroupLayout(mountInfo: mounts, ownCgroups: "4:memory:/docker/ab/web\n")
        #expect(inside.legacy[.memory]?.ownDirectory == "/sys/fs/cgroup/memory/web")
        let outside = CgroupLayout(mountInfo: mounts, ownCgroups: "4:memory:/../other\n")
        #expect(outside.legacy[.memory]?.ownDirectory == "/sys/fs/cgroup/memory")
    }

    @Test(arguments: ["", "nonsense\n", "1 2 3\n", "31 23 0:28 / /proc rw - proc proc rw\n"])
    func `a text without cgroups is a host without cgroups`(text: String) {
        #expect(CgroupLayout(mountInfo: text, ownCgroups: text).kind == .none)
    }
}

/// Texts of `/proc/self/mountinfo` and `/proc/self/cgroup` as real hosts print them.
enum CgroupTexts {
    static let hybridMounts = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """
    static let hybridOwn = """
        9:name=systemd:/
        8:pids:/
        4:memory:/login/c224
        2:cpuacct:/
        1:cpu:/
        0::/
        """
    static let legacyMounts = """
        30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
        33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:12 - cgroup cgroup rw,cpu,cpuacct
        35 30 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:13 - cgroup cgroup rw,memory
        36 30 0:33 / /sys/fs/cgroup/freezer rw,nosuid shared:14 - cgroup cgroup rw,freezer
        39 30 0:36 / /sys/fs/cgroup/pids rw,nosuid shared:15 - cgroup cgroup rw,pids
        """
    static let legacyOwn = "8:pids:/\n5:freezer:/\n4:memory:/\n1:cpu,cpuacct:/sys tem\n"
    static let unifiedMounts = "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
}
