import Glibc
import LinuxSystem
import SpawnerProtocol

/// What the kernel has for all of the host, or for one user of it: all sandboxes of a family count as one. It must be
/// enough for all of them at their own limits; the memory behind each is charged to the sandbox that has it.
struct HostLimits {
    private static let sandboxesPerFamily = UInt64(FamilyBlock.slotsPerBlock)
    private static let sandboxes = UInt64(SpawnRules.sandboxCountLimit)
    /// Kept by the kernel for the host's own terminals.
    private static let reservedTerminals: UInt64 = 1024
    /// The most that the kernel takes.
    private static let allProcessIDs: UInt64 = 1 << 22
    private static let allOpenFiles = UInt64(Int64.max)
    /// Connections that were closed before all was sent, of some 6 KiB of charged memory each.
    private static let orphans: UInt64 = 1 << 24
    /// The most that the kernel takes on the machines that have least room for code.
    private static let compiledFilterBytes: UInt64 = 1008 << 20

    private static let needed: [(path: String, value: UInt64)] = [
        ("fs/inotify/max_user_instances", UInt64(KernelCounts.inotifyInstances) * sandboxesPerFamily),
        ("fs/inotify/max_user_watches", UInt64(KernelCounts.inotifyWatches) * sandboxesPerFamily),
        ("fs/file-max", allOpenFiles),
        ("kernel/pid_max", allProcessIDs),
        ("kernel/threads-max", allProcessIDs),
        ("kernel/pty/max", UInt64(BoxFileSystems.terminalLimit) * sandboxes + reservedTerminals),
        ("net/ipv4/tcp_max_orphans", orphans),
        ("net/core/bpf_jit_limit", compiledFilterBytes),
    ]
    /// The longest value that the kernel writes, and more.
    private static let valueBytes = 64

    private let directory: String

    init(directory: String = "/proc/sys") {
        self.directory = directory
    }

    /// Raises what is too low; what is higher stays as it is.
    /// - Returns: what there is to tell, one sentence each; nothing if all was high enough.
    func makeRoom() -> [String] {
        Self.needed.compactMap { name, needed in
            let path = "\(directory)/\(name)"
            do throws(SyscallError) {
                let found = try value(path)
                guard found < needed else { return nil }
                try write("\(needed)", to: path)
                return "raised \(path) from \(found) to \(needed)"
            } catch where error.number == ENOENT {
                return nil  // this kernel does not count it
            } catch {
                return "sandboxes at their limits may be felt by others: \(error)"
            }
        }
    }

    private func value(_ path: String) throws(SyscallError) -> UInt64 {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        let number = file.number
        var bytes = [UInt8](repeating: 0, count: Self.valueBytes)
        let count = try check("read", path: path) { read(number, &bytes, bytes.count) }
        let text = String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let value = UInt64(text) else { throw SyscallError("read", path: path, number: EINVAL) }
        return value
    }

    private func write(_ text: String, to path: String) throws(SyscallError) {
        let file = Descriptor(owning: try check("open", path: path) { open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) })
        let number = file.number
        let bytes = Array(text.utf8)
        try check("write", path: path) { Glibc.write(number, bytes, bytes.count) }
    }
}
