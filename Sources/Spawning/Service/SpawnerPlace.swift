import CLinux
import Glibc
import LinuxSystem

/// What a spawner holds of the machine before it serves: its lock, a mount namespace and a private directory of its own
/// (the current one), its directories, the sealed guest program, and the socket it listens on.
struct SpawnerPlace: ~Copyable {
    let lock: Descriptor
    /// Where sockets lie.
    let sockets: Descriptor
    /// Where the files behind writable layers lie.
    let images: Descriptor
    /// An empty directory in the private one, for the layers' mount points.
    let layers: Descriptor
    let guest: Descriptor
    /// What this spawner's successor must know.
    let records: Descriptor
    /// The mount namespace that sandboxes begin in: what they are made of, and nothing of the host.
    let nest: Descriptor
    let listener: Descriptor

    /// Families begin in it; see `nb_family_start`.
    private static let stageName = "stage"
    private static let privateOptions = "mode=711,size=16m,nr_inodes=16384"
    private static let backlog: Int32 = 8
    /// A spawner that was just killed may hold its lock a moment longer than its sockets: for a second.
    private static let lockAttempts = 100
    private static let lockInterval: UInt32 = 10_000  // microseconds

    init(_ options: SpawnerOptions) throws(SyscallError) {
        // First of all: a directory opened before belongs to the host's mounts, where nothing may be mounted.
        try check("unshare") { nb_leave_mount_namespace() }
        let data = try Self.directory(options.dataDirectory, below: AT_FDCWD)
        let lock = try Self.lock(in: data)
        let sockets = try Self.directory(options.socketDirectory, below: AT_FDCWD)
        let images = try Self.ownDirectory("images", below: data.number)
        let guest = try Self.sealed(options.guestPath)
        let records = try Self.ownDirectory("spawner", below: data.number)
        try Self.enterPrivateDirectory(over: records.number)
        let layers = try Self.ownDirectory("layers", below: AT_FDCWD)
        try check("mkdir", path: Self.stageName) { mkdir(Self.stageName, 0o755) }
        let nest = try Self.makeNest()
        listener = try Self.listener(options, in: sockets.number)
        self.lock = lock
        self.sockets = sockets
        self.images = images
        self.layers = layers
        self.guest = guest
        self.records = records
        self.nest = nest
    }

    private static func directory(_ path: String, below directory: Int32) throws(SyscallError) -> Descriptor {
        Descriptor(
            owning: try check("open", path: path) {
                openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
    }

    /// A directory that only root can look into; one that somebody else made is refused.
    private static func ownDirectory(_ name: String, below directory: Int32) throws(SyscallError) -> Descriptor {
        if mkdirat(directory, name, 0o700) != 0, errno != EEXIST { throw SyscallError("mkdir", path: name) }
        let number = try check("open", path: name) {
            openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        let own = Descriptor(owning: number)
        var status = stat()
        try check("fstat", path: name) { fstat(number, &status) }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw SyscallError("open", path: name, number: EPERM)
        }
        return own
    }

    /// Held as long as this process lives, so that no second spawner serves the same data.
    private static func lock(in data: borrowing Descriptor) throws(SyscallError) -> Descriptor {
        let directory = data.number
        let lock = Descriptor(
            owning: try check("open", path: "spawner.lock") {
                openat(directory, "spawner.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
            })
        let number = lock.number
        for attempt in 1... {
            if flock(number, LOCK_EX | LOCK_NB) == 0 { break }
            guard errno == EWOULDBLOCK, attempt < lockAttempts else {
                throw SyscallError("flock", path: "spawner.lock")
            }
            usleep(lockInterval)
        }
        return lock
    }

    private static func sealed(_ path: String) throws(SyscallError) -> Descriptor {
        let source = Descriptor(owning: try check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        let number = source.number
        return Descriptor(owning: try check("memfd", path: path) { nb_sealed_copy(number, "nestbox-guest") })
    }

    /// What lies in `directory` is then seen by its descriptor only.
    private static func enterPrivateDirectory(over directory: Int32) throws(SyscallError) {
        let mount = try DetachedMount(type: "tmpfs", options: privateOptions, attributes: [.noSetUID, .noDevices])
        try mount.attach(at: "", below: directory)
        let root = mount.descriptor.number
        try check("fchdir") { fchdir(root) }
    }

    private static func makeNest() throws(SyscallError) -> Descriptor {
        var number: Int32 = -1
        var failure = nb_failure()
        guard nb_nest_namespace(&number, &failure) == 0 else {
            let failure = BoxFailure(failure)
            throw SyscallError(failure.step, number: failure.number)
        }
        return Descriptor(owning: number)
    }

    private static func listener(_ options: SpawnerOptions, in directory: Int32) throws(SyscallError) -> Descriptor {
        let name = options.socketName
        return try ServiceSocket(directory: directory, options)
            .listen(name, type: Int32(SOCK_SEQPACKET.rawValue), backlog: backlog)
    }
}
