import CLinux
import Glibc
import LinuxSystem

/// Makes writable layers: a file system of fixed size in a file without a name, over a loop device, as a detached
/// mount. All three go with the mount's last user. The file system is always one that we formatted ourselves.
struct WritableLayerMaker {
    /// Where the files lie.
    private let directory: Int32
    /// Formatted once for each shape and copied from then on.
    private var templates: [DiskShape: Template] = [:]

    /// So that a stream of odd shapes cannot fill the disk with templates.
    private static let templateLimit = 8
    /// `nobarrier`: a flush of the device is an fsync of the file, which waits for the host's disk, for the sake of a
    /// file that no crash outlives.
    private static let options = "noinit_itable,nobarrier,errors=remount-ro"
    private static let formatter = "/usr/sbin/mkfs.ext4"

    private final class Template {
        let file: Descriptor

        init(file: consuming Descriptor) {
            self.file = file
        }
    }

    init(directory: Int32) {
        self.directory = directory
    }

    mutating func make(_ shape: DiskShape) throws(BoxFailure) -> DetachedMount {
        let template = try template(for: shape)
        return try Self.naming("writable layer") { () throws(SyscallError) in
            let file = try unnamedFile(bytes: shape.bytes)
            // Before the file has contents: a loop device begins by syncing its file to the host's disk, and blocks
            // that the disk has given out are as slow to give back. So a short life never leaves the memory.
            let device = try LoopDevice(file: file.number)
            try check("copy image") { nb_copy_sparse(template.file.number, file.number) }
            let mount = try DetachedMount(
                type: "ext4", source: device.path, options: Self.options, attributes: .noDevices)
            try Self.warmUp(mount)
            return mount
        }
    }

    /// The first directory of a mount waits until the file system's bitmaps are read: better here than where the
    /// overlay makes its own, with somebody waiting for a sandbox.
    private static func warmUp(_ mount: borrowing DetachedMount) throws(SyscallError) {
        let root = mount.descriptor.number
        try check("mkdir", path: "work/first") { mkdirat(root, "work/first", 0o700) }
        try check("rmdir", path: "work/first") { unlinkat(root, "work/first", AT_REMOVEDIR) }
    }

    private mutating func template(for shape: DiskShape) throws(BoxFailure) -> Template {
        if let template = templates[shape] { return template }
        let template = Template(file: try format(shape))
        if templates.count >= Self.templateLimit, let old = templates.keys.first { templates[old] = nil }
        templates[shape] = template
        return template
    }

    /// Formats a file and puts into it the two directories that an overlay wants.
    private func format(_ shape: DiskShape) throws(BoxFailure) -> Descriptor {
        let file = try Self.naming("writable layer") { () throws(SyscallError) in
            try unnamedFile(bytes: shape.bytes)
        }
        // No journal, since the file is gone after a crash; tables of inodes are written when they are first used.
        let status = [
            Self.formatter, "-q", "-F", "-m", "0", "-N", String(shape.inodes), "-O", "^has_journal,^resize_inode",
            "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", "/proc/self/fd/3",
        ].withCStrings { nb_run($0, -1, file.number) }
        guard status == 0 else {
            throw BoxFailure(step: "mkfs.ext4, which ended with status \(status)", number: status < 0 ? errno : EIO)
        }
        try Self.naming("writable layer") { () throws(SyscallError) in try addDirectories(to: file.number) }
        return file
    }

    private func addDirectories(to file: Int32) throws(SyscallError) {
        let device = try LoopDevice(file: file)
        let mount = try DetachedMount(type: "ext4", source: device.path, options: "noinit_itable")
        for name in ["upper", "work"] {
            try check("mkdir", path: name) { mkdirat(mount.descriptor.number, name, 0o755) }
        }
        try check("syncfs") { nb_mount_sync(mount.descriptor.number) }
    }

    private func unnamedFile(bytes: UInt64) throws(SyscallError) -> Descriptor {
        let file = Descriptor(owning: try check("open unnamed file") { nb_file_without_name(directory, 0o600) })
        let number = file.number
        try check("ftruncate") { ftruncate(number, Int(bytes)) }
        return file
    }

    private static func naming<Result: ~Copyable>(
        _ step: String, _ body: () throws(SyscallError) -> Result
    ) throws(BoxFailure) -> Result {
        do { return try body() } catch { throw BoxFailure(step: "\(step): \(error.call)", number: error.number) }
    }
}
