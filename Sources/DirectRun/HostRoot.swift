import CLinux
import Glibc

/// The root of a run without a template: one private tmpfs with the host's `/usr` read-only, an `/etc` of our own and a
/// few device nodes. Nothing else of the host is in it.
struct HostRoot {
    private static let directories: [(path: String, mode: UInt32)] = [
        ("usr", 0o755), ("etc", 0o755), ("etc/ssl", 0o755), ("dev", 0o755), ("dev/shm", 0o1777), ("dev/pts", 0o755),
        ("proc", 0o755), ("tmp", 0o1777), ("work", 0o755), ("home", 0o755), ("home/user", 0o755), ("run", 0o755),
        ("var", 0o755),
    ]
    /// On a merged host these are links into `/usr`, on an older one directories of their own.
    private static let usrNames = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"]
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
        plan.addDevices()
        addConfiguration(to: &plan)
        plan.mount("proc", at: "proc", attributes: NB_NO_SETUID | NB_NO_DEVICES | NB_NO_EXEC)
        for share in shares { share.add(to: &plan, hostUsr: true) }
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
