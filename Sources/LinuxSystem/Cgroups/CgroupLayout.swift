import Glibc

/// Which cgroup hierarchies this process can see, and where in each it stands. Detected, never assumed: pure v2 has
/// one for everything, v1 one per controller, a hybrid has both, the controllers in v1 and a bare cgroup2 beside them.
public struct CgroupLayout: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case unified = "v2", hybrid, legacy = "v1", none
    }

    /// One mounted hierarchy: where it is mounted and which directory in it is ours.
    public struct Hierarchy: Sendable, Hashable {
        public let mountPoint: String
        public let ownDirectory: String

        /// From our own directory up to the mount point: where a tree may be made, nearest first.
        var candidates: [String] {
            var list = [ownDirectory]
            while let last = list.last, last != mountPoint, let slash = last.lastIndex(of: "/"),
                last.count > mountPoint.count
            {
                list.append(String(last[..<slash]))
            }
            return list
        }
    }

    public let unified: Hierarchy?
    /// The controllers that v1 hierarchies hold.
    public let legacy: [CgroupController: Hierarchy]

    public var kind: Kind {
        let hasLimits = legacy.keys.contains { CgroupController.limiting.contains($0) }
        return switch (unified != nil, hasLimits) {
        case (true, false): .unified
        case (true, true): .hybrid
        case (false, true): .legacy
        case (false, false): .none
        }
    }

    public static func detect() throws(SyscallError) -> CgroupLayout {
        CgroupLayout(
            mountInfo: try CgroupFiles.kernel.read("/proc/self/mountinfo"),
            ownCgroups: try CgroupFiles.kernel.read("/proc/self/cgroup"))
    }

    /// Reads the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`; see proc(5) and cgroups(7). Lines that are
    /// not understood are not ours.
    public init(mountInfo: String, ownCgroups: String) {
        let own = Self.ownPaths(ownCgroups)
        var unified: Hierarchy?
        var legacy: [CgroupController: Hierarchy] = [:]
        for line in mountInfo.utf8.split(separator: newline) {
            guard let mount = CgroupMount(line) else { continue }
            if mount.isUnified {
                unified = unified ?? mount.hierarchy(ownPath: own[""])
            } else {
                for controller in mount.controllers where legacy[controller] == nil {
                    legacy[controller] = mount.hierarchy(ownPath: own[controller.rawValue])
                }
            }
        }
        self.unified = unified
        self.legacy = legacy
    }

    /// `9:cpu,cpuacct:/path` gives the path under `cpu` and `cpuacct`; `0::/path` gives it under the empty name.
    private static func ownPaths(_ text: String) -> [String: String] {
        var paths: [String: String] = [:]
        for line in text.utf8.split(separator: newline) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for name in fields[1].split(separator: comma, omittingEmptySubsequences: false) {
                paths[String(Substring(name))] = String(Substring(fields[2]))
            }
        }
        return paths
    }
}

// Bytes, not characters: this is read before every `nestbox run`.
private let newline = UInt8(ascii: "\n")
private let comma = UInt8(ascii: ",")

/// One line of `/proc/self/mountinfo` that is a cgroup mount.
private struct CgroupMount {
    let root: String
    let mountPoint: String
    let isUnified: Bool
    let controllers: [CgroupController]

    init?(_ line: Substring.UTF8View) {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard let separator = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), separator >= 6,
            fields.count >= separator + 4
        else { return nil }
        let type = fields[separator + 1]
        isUnified = type.elementsEqual("cgroup2".utf8)
        guard isUnified || type.elementsEqual("cgroup".utf8) else { return nil }
        root = Self.unescaped(fields[3])
        mountPoint = Self.unescaped(fields[4])
        controllers = fields[separator + 3].split(separator: comma).compactMap { name in
            CgroupController.allCases.first { $0.rawValue.utf8.elementsEqual(name) }
        }
    }

    /// Where a process of path `ownPath` stands below this mount; the mount point itself when it stands outside, as
    /// inside a container whose cgroup namespace begins elsewhere.
    func hierarchy(ownPath: String?) -> CgroupLayout.Hierarchy {
        var own = ownPath ?? "/"
        if root != "/" {
            own = own == root || own.hasPrefix(root + "/") ? String(own.dropFirst(root.count)) : "/"
        }
        let parts = own.split(separator: "/")
        let isOutside = parts.contains("..")
        let directory = isOutside || parts.isEmpty ? mountPoint : joined(mountPoint, parts.joined(separator: "/"))
        return CgroupLayout.Hierarchy(mountPoint: mountPoint, ownDirectory: directory)
    }

    /// The kernel writes space, tab, newline and backslash as three octal digits.
    private static func unescaped(_ field: Substring.UTF8View) -> String {
        guard field.contains(UInt8(ascii: "\\")) else { return String(Substring(field)) }
        var bytes: [UInt8] = []
        var rest = Array(field)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
