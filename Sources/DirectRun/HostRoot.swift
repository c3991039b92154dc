import CLinux
import Glibc

/// The root of a run without a template: the host's `/usr` read-only, an `/etc` of our own, a few device nodes, and
/// tmpfs where programs expect to write. Nothing else of the host is in it.
struct HostRoot {
    /// Bytes and inodes of all that can be written, charged to the memory limit as well.
    static let stageOptions = "mode=755,size=256m,nr_inodes=65536"
    /// Hides what no share may name.
    static let stage = "/sys"

    /// Written to by the command: the name in the stage, the place inside, its mode.
    static let writablePlaces: [(source: String, path: String, mode: UInt32)] = [
        ("rw/tmp", "tmp", 0o1777), ("rw/work", "work", 0o755), ("rw/home", "home/user", 0o755),
        ("rw/run", "run", 0o755), ("rw/shm", "dev/shm", 0o1777),
    ]
    private static let directories = [
        "usr", "etc", "etc/ssl", "dev", "dev/shm", "dev/pts", "proc", "tmp", "work", "home", "home/user", "run", "var",
        "mnt", "opt", "root",
    ]
    /// On a merged host these are links into `/usr`, on an older one directories of their own.
    private static let usrNames = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"]
    private static let devices = ["null", "zero", "full", "random", "urandom", "tty"]
    /// What programs in `/usr` cannot do without and tells nothing about the host's users.
    private static let configuration = ["alternatives", "ld.so.cache", "ssl/certs", "services"]

    let shares: [RunShare]

    var plan: RootPlan {
        var plan = RootPlan()
        addImage(to: &plan)
        for share in shares { share.addMountPoint(to: &plan) }
        plan.directory("root")
        plan.bindStage("image", at: "root", attributes: RootPlan.readOnly)
        plan.enter("root")
        plan.bindHost("/usr", at: "usr", attributes: RootPlan.readOnly)
        for name in Self.configuration where access("/etc/" + name, F_OK) == 0 {
            plan.bindHost("/etc/" + name, at: "etc/" + name, attributes: RootPlan.readOnly)
        }
        for name in Self.devices {
            plan.bindHost("/dev/" + name, at: "dev/" + name, attributes: NB_NO_SETUID | NB_NO_EXEC)
        }
        plan.mount(
            "devpts", at: "dev/pts", options: "ptmxmode=0666,mode=0620", attributes: NB_NO_SETUID | NB_NO_EXEC)
        plan.mount("proc", at: "proc", attributes: NB_NO_SETUID | NB_NO_DEVICES | NB_NO_EXEC)
        for place in Self.writablePlaces {
            plan.bindStage(place.source, at: place.path, attributes: RootPlan.writable)
        }
        for share in shares { share.addMount(to: &plan) }
        plan.pivot()
        return plan
    }

    private func addImage(to plan: inout RootPlan) {
        plan.directory("image")
        plan.directory("rw")
        for name in Self.directories { plan.directory("image/" + name) }
        for place in Self.writablePlaces { plan.directory(place.source, mode: place.mode) }
        plan.link("image/var/tmp", to: "../tmp")
        plan.link("image/var/run", to: "../run")
        addUsrNames(to: &plan)
        addDevices(to: &plan)
        addConfiguration(to: &plan)
    }

    private func addUsrNames(to plan: inout RootPlan) {
        for name in Self.usrNames {
            if let target = linkTarget("/" + name) {
                plan.link("image/" + name, to: target)
            } else if access("/" + name, F_OK) == 0 {
                plan.directory("image/" + name)
                plan.bindHost("/" + name, at: "image/" + name, attributes: RootPlan.readOnly)
            }
        }
    }

    private func addDevices(to plan: inout RootPlan) {
        for name in Self.devices { plan.file("image/dev/" + name) }
        plan.link("image/dev/fd", to: "/proc/self/fd")
        plan.link("image/dev/stdin", to: "/proc/self/fd/0")
        plan.link("image/dev/stdout", to: "/proc/self/fd/1")
        plan.link("image/dev/stderr", to: "/proc/self/fd/2")
        plan.link("image/dev/ptmx", to: "pts/ptmx")
    }

    private func addConfiguration(to plan: inout RootPlan) {
        for name in Self.configuration where access("/etc/" + name, F_OK) == 0 {
            if isDirectory("/etc/" + name) { plan.directory("image/etc/" + name) } else { plan.file("image/etc/" + name) }
        }
        for (name, text) in SyntheticFiles.etc { plan.file("image/etc/" + name, text) }
        plan.link("image/etc/mtab", to: "/proc/self/mounts")
        plan.link("image/etc/os-release", to: "../usr/lib/os-release")
        if let zone = linkTarget("/etc/localtime"), zone.hasPrefix("/usr/") { plan.link("image/etc/localtime", to: zone) }
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
