import CLinux
import Glibc

/// A file or directory of the host that the command sees under its own path, with the rights of the user who asked.
struct RunShare {
    let path: String
    let isWritable: Bool
    private let isDirectory: Bool
    private let mount: Int32?

    private static let refusedTrees = ["/proc", "/dev", "/sys"]

    /// Links in `path` are followed. As root the share shows its owner's files as the sandbox user's: whoever asks as
    /// root asks for the owner.
    init(_ path: String, isWritable: Bool, user: RunUser) throws(RunError) {
        let option = isWritable ? "--write" : "--read-only"
        guard let resolved = realpath(path, nil) else { throw .usage("\(option) \(path): \(Self.reason(errno))") }
        defer { free(resolved) }
        self.path = String(cString: resolved)
        self.isWritable = isWritable
        var status = stat()
        guard stat(resolved, &status) == 0 else { throw .usage("\(option) \(path): \(Self.reason(errno))") }
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        guard isDirectory || status.st_mode & S_IFMT == S_IFREG else {
            throw .usage("\(option) \(path): neither a file nor a directory")
        }
        let target = self.path
        guard target != "/", !Self.refusedTrees.contains(where: { target == $0 || target.hasPrefix($0 + "/") }) else {
            throw .usage("\(option) \(path): name something below /, outside /proc, /dev and /sys")
        }
        mount = user.isPrivileged ? try Self.mappedMount(target, isWritable, owner: status, user) : nil
    }

    private static func mappedMount(
        _ path: String, _ isWritable: Bool, owner: stat, _ user: RunUser
    ) throws(RunError) -> Int32? {
        let ids = nb_run_id_map(owner.st_uid, user.outside, owner.st_gid, user.outsideGroup, 1)
        let mount = nb_mount_copy(AT_FDCWD, path, 0)
        defer { if ids >= 0 { close(ids) } }
        if ids >= 0, mount >= 0, nb_mount_map_ids(mount, ids) == 0,
            nb_mount_restrict(mount, isWritable ? RootPlan.writable : RootPlan.readOnly) == 0
        {
            return mount
        }
        if !isWritable { return nil }  // what everybody may read it may still read
        throw .refused(step: "--write \(path)", reason: "its file system cannot lend files (\(reason(errno)))")
    }

    /// Makes what the share is mounted on, unless it lies in the host's `/usr` and is there, and mounts it.
    func add(to plan: inout RootPlan, hostUsr: Bool) {
        let inside = String(path.dropFirst())
        if !hostUsr || !path.hasPrefix("/usr/") && path != "/usr" { addMountPoint(inside, to: &plan) }
        if let mount {
            plan.attach(mount, at: inside)
        } else {
            plan.bindHost(path, at: inside, attributes: isWritable ? RootPlan.writable : RootPlan.readOnly)
        }
    }

    private func addMountPoint(_ inside: String, to plan: inout RootPlan) {
        let names = inside.split(separator: "/")
        var directory = ""
        for (index, name) in names.enumerated() {
            directory += (index == 0 ? "" : "/") + name
            if index == names.count - 1 && !isDirectory { plan.file(directory) } else { plan.directory(directory) }
        }
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
