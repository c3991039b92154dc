import CLinux

extension CgroupTree {
    private static let flag = "favordynmods"

    /// Asks the kernel to make moves between cgroups quick, for which forks and exits on the whole host cost a trifle
    /// more: without it each move waits, with the lock of all cgroups held, until every CPU has taken notice, and that
    /// takes milliseconds. Holds until the host starts anew.
    /// - Returns: false if it was asked for before, or there is no cgroup2.
    /// - Throws: `EINVAL` before Linux 6.0; `EPERM` in a container.
    public func favorMoves() throws(SyscallError) -> Bool {
        guard let mountPoint = layout.unified?.mountPoint else { return false }
        let flags = Self.unifiedFlags(at: mountPoint, mountInfo: try files.read("/proc/self/mountinfo"))
        guard !flags.contains(Self.flag) else { return false }
        // What is not named again is taken off.
        let wanted = (flags + [Self.flag]).joined(separator: ",")
        try check("reconfigure cgroup2", path: mountPoint) { nb_mount_reconfigure(mountPoint, wanted) }
        return true
    }

    /// The flags of the cgroup2 file system at `mountPoint`, but `rw` and `ro`, from the text of
    /// `/proc/self/mountinfo`; see proc(5).
    static func unifiedFlags(at mountPoint: String, mountInfo: String) -> [String] {
        for line in mountInfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let separator = fields.firstIndex(of: "-"), separator >= 6, fields.count == separator + 4,
                fields[4] == mountPoint, fields[separator + 1] == "cgroup2"
            else { continue }
            return fields[separator + 3].split(separator: ",").map(String.init).filter { $0 != "rw" && $0 != "ro" }
        }
        return []
    }
}
