import CLinux
import Glibc

/// The root of a run without a template: one private tmpfs with the host's `/usr` read-only, an `/etc` of our own and a
/// few device nodes. Nothing else of the host is in it.
struct HostRoot {
    /// Bytes and inodes of all that can be written, charged to the memory limit as well.
    static let stageOptions = "mode=755,size=256m,nr_inodes=65536"
    /// The root is made over this directory of the host, which no share may name: it is hidden while the rest is taken.
    static let stage = "/sys"

    private static let directories: [(path: String, mode: UInt32)] = [
        ("usr", 0o755), ("etc", 0o755), ("etc/ssl", 0o755), ("dev", 0o755), ("dev/shm", 0o1777), ("dev/pts", 0o755),
        ("proc", 0o755), ("tmp", 0o1777), ("work", 0o755), ("home", 0o755), ("home/user", 0o755), ("run", 0o755),
        ("var", 0o755),
    ]
    /// On a merged host these are links into `/usr`, on an older one directories of their own.
    private static let usrNames = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"]
    private static let devices = ["null", "zero", "full", "random", "urandom", "tty"]
    /// What programs in `/usr` cannot do without and tells nothing about the host's users.
    private static let configuration = ["alternatives", "ld.so.cache", "ssl/certs", "services"]

    let shares: [RunShare]

    var plan: RootPlan {
        var plan = RootPlan()
        for (path, mode) in Self.directories { plan.directory(path, mode: mode) }
        plan.link("var/tmp", to: "../tmp")
        plan.link("var/run", to: "../run")
        plan.bindHost("/usr", at: "usr", attributes: RootPlan.readOnly)
        addUsrNames(to: &plan)
        addDevices(to: &plan)
        addConfiguration(to: &plan)
        plan.mount("proc", at: "proc", attributes: NB_NO_SETUID | NB_NO_DEVICES | NB_NO_EXEC)
        for share in shares { share.add(to: &plan) }
        plan.pivot()
        return plan
    }

    private func addUsrNames(to plan: inout RootPlan) {
        for name in Self.usrNames {
            if let target = linkTarget("/" + name) {
                plan.link(name, to: target)
            } else if access("/" + name, F_OK) == 0 {
                plan.directory(name)
                plan.bindHost("/" + name, at: name, attributes: RootPlan.readOnly)
            }
        }
    }

    private func addDevices(to plan: inout RootPlan) {
        for name in Self.devices {
            plan.file("dev/" + name)
            plan.bindHost("/dev/" + name, at: "dev/" + name, attributes: NB_NO_SETUID | NB_NO_EXEC)
        }
        plan.mount(
            "devpts", at: "dev/pts", options: "ptmxmode=0666,mode=0620", attributes: NB_NO_SETUID | NB_NO_EXEC)
        plan.link("dev/fd", to: "/proc/self/fd")
        plan.link("dev/stdin", to: "/proc/self/fd/0")
        plan.link("dev/stdout", to: "/proc/self/fd/1")
        plan.link("dev/stderr", to: "/proc/self/fd/2")
        plan.link("dev/ptmx", to: "pts/ptmx")
    }

    private func addConfiguration(to plan: inout RootPlan) {
        for name in Self.configuration where access("/etc/" + name, F_OK) == 0 {
            if isDirectory("/etc/" + name) { plan.directory("etc/" + name) } else { plan.file("etc/" + name) }
            plan.bindHost("/etc/" + name, at: "etc/" + name, attributes: RootPlan.readOnly)
        }
        for (name, text) in SyntheticFiles.etc { plan.file("etc/" + name, text) }
        plan.link("etc/mtab", to: "/proc/self/mounts")
        plan.link("etc/os-release", to: "../usr/lib/os-release")
        if let zone = linkTarget("/etc/localtime"), zone.hasPrefix("/usr/") { plan.link("etc/localtime", to: zone) }
    }
}

/// What `path`, a symbolic link, says; nil for anything else.
func linkTarget(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes { buffer -> Int in
        guard let start = buffer.bindMemory(to: CChar.self).baseAddress else { return -1 }
        return readlink(path, start, buffer.count)
    }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
}

func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
