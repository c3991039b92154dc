import LinuxSystem

/// The memory of landed forks that counts as their zygote's: a fork makes it before it moves, and the kernel leaves it
/// where it was charged (Documentation/admin-guide/cgroup-v2.rst, "Memory Ownership"). So the zygote's cgroup has room
/// for it beside its own limit, as much as there ever were landings in living sandboxes at once.
final class LandedMemory {
    /// For each landing, in bytes. The house's Python makes some 13 MiB ahead.
    static let bytesEach: UInt64 = 32 << 20
    /// Landings in one sandbox: what one leaves running there may outlive its kernel, and all that it made with it.
    static let sandboxLimit = 16

    private let cgroup: SandboxCgroup
    private let ownBytes: UInt64
    private var living: UInt64 = 0
    private var room: UInt64 = 0

    init(of cgroup: SandboxCgroup, ownBytes: UInt64) {
        self.cgroup = cgroup
        self.ownBytes = ownBytes
    }

    /// Makes room for one more; on throw there is none.
    func takeOn() throws(SyscallError) {
        if living == room {
            try cgroup.raiseMemory(to: ownBytes + (room + 1) * Self.bytesEach)
            room += 1
        }
        living += 1
    }

    /// A sandbox is gone, and with it one landing.
    func giveBack() { living -= 1 }
}
