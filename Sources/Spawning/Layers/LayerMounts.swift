import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// The sealed layers, each mounted once, in the spawner's own mount namespace: straight from its file where the kernel
/// can, else over a loop device.
final class LayerMounts {
    private let sources: [LayerDirectory]
    /// Holds a mount point for each layer.
    private let directory: Descriptor
    private var mounted: Set<String> = []

    /// - Parameter directory: an empty one, private to this process.
    init(sources paths: [String], directory: consuming Descriptor) throws(SyscallError) {
        var sources: [LayerDirectory] = []
        for path in paths { sources.append(try LayerDirectory(path)) }
        self.sources = sources
        self.directory = directory
    }

    /// A detached copy of the mount of the layer `digest`, which was checked to be one.
    func copy(of digest: String) throws(SpawnFailure) -> DetachedMount {
        if !mounted.contains(digest) { try mount(digest) }
        let directory = directory.number
        return try step("copy layer") { () throws(SyscallError) in
            try DetachedMount(copying: digest, below: directory)
        }
    }

    private func mount(_ digest: String) throws(SpawnFailure) {
        let file = try find(digest)
        try step("mount layer \(digest)") { () throws(SyscallError) in
            let layer = try DetachedMount(layer: file.number, attributes: .noDevices)
            try check("mkdir", path: digest) { mkdirat(directory.number, digest, 0o755) }
            try layer.attach(at: digest, below: directory.number)
        }
        mounted.insert(digest)
    }

    private func find(_ digest: String) throws(SpawnFailure) -> Descriptor {
        for source in sources {
            let file = try step("open layer") { () throws(SyscallError) in try source.layer(digest) }
            if let file { return file }
        }
        throw .refusing("layers", digest, allowed: "a sealed layer that is in the store")
    }
}

/// One directory of sealed layers.
private final class LayerDirectory {
    private let descriptor: Descriptor

    init(_ path: String) throws(SyscallError) {
        descriptor = Descriptor(
            owning: try check("open", path: path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// `nil` if the layer is not here. A name that is not a regular file is refused.
    func layer(_ digest: String) throws(SyscallError) -> Descriptor? {
        let name = "\(digest).erofs"
        let number: Int32
        do {
            number = try check("open", path: name) {
                openat(descriptor.number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            }
        } catch where error.number == ENOENT {
            return nil
        }
        let file = Descriptor(owning: number)
        var status = stat()
        try check("fstat", path: name) { fstat(number, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SyscallError("open", path: name, number: EINVAL) }
        return file
    }
}
