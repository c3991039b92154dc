import CLinux
import Glibc

/// A mount that hangs nowhere, held by a descriptor; gone with it, unless it was attached.
public struct DetachedMount: ~Copyable {
    public let descriptor: Descriptor

    /// Takes over a mount that another process made.
    public init(taking descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Mounts a new file system. `options` are those of mount(8), without those that `attributes` have.
    public init(
        type: String, source: String? = nil, options: String? = nil, attributes: MountAttributes = []
    ) throws(SyscallError) {
        let number = try check("mount \(type)", path: source) {
            nb_mount_new(type, source, options, attributes.rawValue)
        }
        descriptor = Descriptor(owning: number)
    }

    /// Mounts the sealed layer `file`, straight from it where the kernel can, else over a loop device.
    public init(layer file: Int32, attributes: MountAttributes = []) throws(SyscallError) {
        descriptor = Descriptor(owning: try check("mount layer") { nb_mount_layer(file, attributes.rawValue) })
    }

    /// A copy of the mount at `path` below `directory`, from `path` on.
    public init(copying path: String, below directory: Int32) throws(SyscallError) {
        descriptor = Descriptor(owning: try check("open_tree", path: path) { nb_mount_copy(directory, path, 0) })
    }

    /// Shows the files under the ids of `userNamespace`. Once only.
    public func mapIDs(to userNamespace: borrowing Descriptor) throws(SyscallError) {
        let namespace = userNamespace.number
        try check("mount_setattr") { nb_mount_map_ids(descriptor.number, namespace) }
    }

    /// Attaches it; the descriptor then refers to the attached mount.
    public func attach(at path: String, below directory: Int32) throws(SyscallError) {
        try check("move_mount", path: path) { nb_mount_attach(descriptor.number, directory, path) }
    }
}
