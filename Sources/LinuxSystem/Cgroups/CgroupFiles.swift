import Glibc

/// The calls on the cgroup file systems that this module makes; tests put a tree in memory behind them, so that the
/// order of set-up can be shown for layouts that the machine does not have.
struct CgroupFiles: Sendable {
    var read: @Sendable (_ path: String) throws(SyscallError) -> String
    /// One `write(2)`: the kernel takes a value whole or refuses it.
    var write: @Sendable (_ value: String, _ path: String) throws(SyscallError) -> Void
    var makeDirectory: @Sendable (_ path: String) throws(SyscallError) -> Void
    var removeDirectory: @Sendable (_ path: String) throws(SyscallError) -> Void
    var subdirectories: @Sendable (_ path: String) throws(SyscallError) -> [String]
    var kill: @Sendable (_ pid: Int32) -> Void
    /// Lets dying processes finish dying.
    var pause: @Sendable () -> Void

    static let kernel = CgroupFiles(
        read: { path throws(SyscallError) in try readText(path) },
        write: { value, path throws(SyscallError) in try writeText(value, to: path) },
        makeDirectory: { path throws(SyscallError) in try check("mkdir", path: path) { mkdir(path, 0o755) } },
        removeDirectory: { path throws(SyscallError) in try check("rmdir", path: path) { rmdir(path) } },
        subdirectories: { path throws(SyscallError) in try listDirectories(path) },
        kill: { pid in _ = Glibc.kill(pid, SIGKILL) },  // one that is gone already is what we want
        pause: { usleep(pauseMicroseconds) })

    private static let pauseMicroseconds: UInt32 = 1000
    /// No control file is larger; `cgroup.procs` of a hundred thousand processes is under 1 MiB.
    private static let readLimit = 4 << 20

    private static func readText(_ path: String) throws(SyscallError) -> String {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < readLimit {
            let count = try check("read", path: path) { Glibc.read(file.number, &chunk, chunk.count) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
        throw SyscallError("read", path: path, number: EFBIG)
    }

    private static func writeText(_ value: String, to path: String) throws(SyscallError) {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_WRONLY | O_CLOEXEC) })
        let bytes = Array(value.utf8)
        try check("write", path: path) { Glibc.write(file.number, bytes, bytes.count) }
    }

    private static func listDirectories(_ path: String) throws(SyscallError) -> [String] {
        guard let stream = opendir(path) else { throw SyscallError("opendir", path: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = Glibc.readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// `base` and the words below it.
func joined(_ base: String, _ name: String) -> String {
    base.hasSuffix("/") ? base + name : base + "/" + name
}
