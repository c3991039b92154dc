import Glibc
import LinuxSystem

/// The installation's directory, in the eyes of the half that holds root. It is root's, so that the server, should it
/// be taken over, cannot put a link where root will write; what the server writes lies in `server/`, which is its own.
///
///     DIR            0711  root
///     DIR/instance   0644  root      the installation's name in cgroups
///     DIR/api-key    0600  starter   the first API key
///     DIR/ca.pem     0644  server    what clients are to trust
///     DIR/run        0711  root      sockets, server.json (server), spawner.log, lock
///     DIR/server     0700  server    the database, the authority's key
///     DIR/images     0700  root      the spawner's
struct DataDirectory: ~Copyable {
    static let databasePath = "server/nestbox.sqlite"
    static let certificatePath = "ca.pem"
    static let statePath = "run/server.json"
    static let keyPath = "api-key"
    static let socketName = "spawner.sock"
    private static let instanceNameBytes = 4
    /// How long the server of an earlier start may take to die, in milliseconds.
    private static let lockPatience = 5000

    let path: String
    let descriptor: Descriptor
    /// Held by this process and by the server: no second server works on the same data.
    let lock: Descriptor
    /// The installation's name in cgroups.
    let instance: String

    /// Makes what is missing.
    /// - Throws: `ServeError`, also if the directory holds something else or another server works on it.
    init(_ path: String, user: ServerUser) throws(ServeError) {
        let directory = try Self.directory(path, isOurs: { DataDirectory.exists("instance", below: $0) })
        let top = directory.number
        try Self.subdirectory("run", below: top, mode: 0o711, uid: 0, gid: 0)
        try Self.subdirectory("server", below: top, mode: 0o700, uid: user.uid, gid: user.gid)
        let lock = try Self.lock(below: top, of: path)
        let instance = try Self.instanceName(below: top)
        try Self.emptyFile(Self.certificatePath, below: top, user, keeping: true)
        try Self.emptyFile(Self.statePath, below: top, user, keeping: false)
        self.path = path
        self.instance = instance
        self.lock = lock
        descriptor = directory
    }

    /// The file that the first key is to be written to, open, or nil if there is a key. It belongs to whoever typed the
    /// command, through sudo or as root.
    func openKeyFile() throws(ServeError) -> Descriptor? {
        let top = descriptor.number
        let isWanted = !Self.exists(Self.databasePath, below: top) || Self.size(Self.keyPath, below: top) == 0
        guard isWanted else { return nil }
        let file = try Self.open(Self.keyPath, below: top, O_WRONLY | O_CREAT, mode: 0o600)
        let owner = getenv("SUDO_UID").flatMap { UInt32(String(cString: $0)) } ?? 0
        let group = getenv("SUDO_GID").flatMap { UInt32(String(cString: $0)) } ?? 0
        try ServeError.check("chown", Self.keyPath) { fchown(file.number, owner, group) }
        try ServeError.check("chmod", Self.keyPath) { fchmod(file.number, 0o600) }
        return file
    }

    /// A log that only grows while its writer lives: begun anew when it is over `limit` bytes at a start.
    func openLog(_ name: String, limit: Int) throws(ServeError) -> Descriptor {
        let top = descriptor.number
        let fresh = (Self.size(name, below: top) ?? 0) > limit ? O_TRUNC : 0
        return try Self.open(name, below: top, O_WRONLY | O_CREAT | O_APPEND | fresh, mode: 0o600)
    }

    // MARK: - Pieces

    private static func directory(_ path: String, isOurs: (Int32) -> Bool) throws(ServeError) -> Descriptor {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw ServeError("mkdir", made, errno: errno) }
        }
        let number = try ServeError.check("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        let descriptor = Descriptor(owning: number)
        guard isOurs(number) || isEmpty(number) else {
            throw ServeError("\(path) holds something else: --data wants an empty directory or one of its own")
        }
        try ServeError.check("chown", path) { fchown(number, 0, 0) }
        try ServeError.check("chmod", path) { fchmod(number, 0o711) }
        return descriptor
    }

    private static func subdirectory(
        _ name: String, below top: Int32, mode: mode_t, uid: uid_t, gid: gid_t
    ) throws(ServeError) {
        if mkdirat(top, name, mode) != 0, errno != EEXIST { throw ServeError("mkdir", name, errno: errno) }
        let number = try ServeError.check("open", name) {
            openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        let directory = Descriptor(owning: number)
        try ServeError.check("chown", name) { fchown(directory.number, uid, gid) }
        try ServeError.check("chmod", name) { fchmod(directory.number, mode) }
    }

    private static func lock(below top: Int32, of path: String) throws(ServeError) -> Descriptor {
        let file = try open("run/server.lock", below: top, O_RDWR | O_CREAT, mode: 0o600)
        for _ in 0..<(lockPatience / 10) {
            if flock(file.number, LOCK_EX | LOCK_NB) == 0 { return file }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw ServeError("flock", "server.lock", errno: errno) }
            usleep(10_000)
        }
        throw ServeError("another `nestbox serve` works on \(path)")
    }

    private static func instanceName(below top: Int32) throws(ServeError) -> String {
        let file = try open("instance", below: top, O_RDWR | O_CREAT, mode: 0o644)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = try ServeError.check("read", "instance") { read(file.number, &bytes, bytes.count) }
        let found = String(decoding: bytes.prefix(count), as: UTF8.self).filter { $0 != "\n" }
        if !found.isEmpty { return found }
        var random = SystemRandomNumberGenerator()
        let name = "nestbox-" + (0..<instanceNameBytes).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &random)
            return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
        let line = Array("\(name)\n".utf8)
        try ServeError.check("write", "instance") { write(file.number, line, line.count) }
        return name
    }

    private static func emptyFile(
        _ name: String, below top: Int32, _ user: ServerUser, keeping: Bool
    ) throws(ServeError) {
        let file = try open(name, below: top, O_WRONLY | O_CREAT | (keeping ? 0 : O_TRUNC), mode: 0o644)
        try ServeError.check("chown", name) { fchown(file.number, user.uid, user.gid) }
        try ServeError.check("chmod", name) { fchmod(file.number, 0o644) }
    }

    private static func open(
        _ name: String, below top: Int32, _ flags: Int32, mode: mode_t
    ) throws(ServeError) -> Descriptor {
        let number = try ServeError.check("open", name) { openat(top, name, flags | O_NOFOLLOW | O_CLOEXEC, mode) }
        return Descriptor(owning: number)
    }

    private static func exists(_ name: String, below top: Int32) -> Bool {
        faccessat(top, name, F_OK, 0) == 0
    }

    private static func size(_ name: String, below top: Int32) -> Int? {
        var status = stat()
        guard fstatat(top, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Int(status.st_size)
    }

    private static func isEmpty(_ directory: Int32) -> Bool {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { return false }
        defer { closedir(stream) }
        var count = 0
        // `.` and `..` are always there.
        while count < 3, readdir(stream) != nil { count += 1 }
        return count < 3
    }
}
