import Glibc
import LinuxSystem

/// What the host lets one user have of inotify(7). All sandboxes of a family count as one user of the host, so it must
/// be enough for them all. The memory behind it is charged to each sandbox's own.
struct HostCounts {
    private static let limits: [(name: String, forOne: UInt32)] = [
        ("max_user_instances", KernelCounts.inotifyInstances), ("max_user_watches", KernelCounts.inotifyWatches),
    ]
    /// The longest value that the kernel writes, and more.
    private static let valueBytes = 64

    private let directory: String

    init(directory: String = "/proc/sys/fs/inotify") {
        self.directory = directory
    }

    /// Raises what is too low for a whole family; what is higher stays as it is.
    /// - Returns: what there is to tell, one sentence each; nothing if all was high enough.
    func makeRoom() -> [String] {
        Self.limits.compactMap { name, forOne in
            let path = "\(directory)/\(name)"
            let needed = forOne * FamilyBlock.slotsPerBlock
            do throws(SyscallError) {
                let found = try value(path)
                guard found < needed else { return nil }
                try write("\(needed)", to: path)
                return "raised \(path) from \(found) to \(needed): what \(FamilyBlock.slotsPerBlock) sandboxes may have"
            } catch {
                return "sandboxes of one tenant and template may keep each other from watching files: \(error)"
            }
        }
    }

    private func value(_ path: String) throws(SyscallError) -> UInt32 {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        let number = file.number
        var bytes = [UInt8](repeating: 0, count: Self.valueBytes)
        let count = try check("read", path: path) { read(number, &bytes, bytes.count) }
        let text = String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let value = UInt32(text) else { throw SyscallError("read", path: path, number: EINVAL) }
        return value
    }

    private func write(_ text: String, to path: String) throws(SyscallError) {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) })
        let number = file.number
        let bytes = Array(text.utf8)
        try check("write", path: path) { Glibc.write(number, bytes, bytes.count) }
    }
}
