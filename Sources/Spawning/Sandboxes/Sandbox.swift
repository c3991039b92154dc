import Glibc
import LinuxSystem
import SpawnerProtocol

/// A sandbox that the spawner holds, from its first process's clone until nothing of it is left.
final class Sandbox {
    let id: String
    let pid: Int32
    let process: Descriptor
    let family: Family
    let slot: Int
    let cgroup: SandboxCgroup
    /// nil for one that an earlier spawner made: no zygote lands in it.
    let image: SandboxImage?
    /// Milliseconds since 1970; 0 for none, after a restart of the spawner.
    var deadline: Int64
    /// Until its first process's program runs.
    var birth: Birth?
    /// One for each landing in it.
    var landedMemories: [LandedMemory] = []
    /// Who is to be told, when nothing of it is left, why it never ran.
    var stillbirth: (asker: Asker, failure: SpawnFailure)?
    /// Why it was killed, once it was.
    var killedFor: SandboxEnd?
    /// Set once its first process has ended; its cgroup may still hold dying ones.
    var end: SandboxEnd? {
        didSet { endedAt = monotonicMilliseconds() }
    }
    /// When that was, in monotonic milliseconds.
    private(set) var endedAt: Int64 = 0

    init(
        id: String, pid: Int32, process: consuming Descriptor, family: Family, slot: Int, cgroup: SandboxCgroup,
        image: SandboxImage?, deadline: Int64, birth: Birth? = nil
    ) {
        self.id = id
        self.pid = pid
        self.process = process
        self.family = family
        self.slot = slot
        self.cgroup = cgroup
        self.image = image
        self.deadline = deadline
        self.birth = birth
    }

    /// The name of its cgroup in the tree. The prefix keeps it apart from the control files of cgroup v1.
    static func cgroupPath(_ block: FamilyBlock, id: String) -> String { "\(block.cgroupName)/s-\(id)" }

    /// The id in a cgroup's name; `nil` if it is not a sandbox's.
    static func id(cgroupName: String) -> String? {
        guard cgroupName.hasPrefix("s-") else { return nil }
        let id = String(cgroupName.dropFirst(2))
        return SandboxName.isValid(id) ? id : nil
    }

    static func socketName(id: String) -> String { "\(id).sock" }
}
