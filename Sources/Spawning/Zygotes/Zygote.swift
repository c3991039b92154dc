import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// A warm process of a family, in a box of its own beside the family's sandboxes.
final class Zygote {
    let request: StartZygote
    let family: Family
    let process: Descriptor
    let socket: Descriptor
    let cgroup: SandboxCgroup
    let landedMemory: LandedMemory
    var conversation: ZygoteConversation<Asker>
    /// Set once it is not to be asked any more; its cgroup may still hold dying processes.
    private(set) var endedAt: Int64?
    /// Whether its process is gone, and not only killed.
    var isReaped = false
    /// Whether the server was told that it is warm, and is to be told of its end.
    var wasWarm = false

    /// Names of zygotes' cgroups begin so; no sandbox's does.
    static let cgroupPrefix = "_zygote-"

    init(
        _ request: StartZygote, family: Family, process: consuming Descriptor, socket: consuming Descriptor,
        cgroup: SandboxCgroup, asker: Asker
    ) {
        self.request = request
        self.family = family
        self.process = process
        self.socket = socket
        self.cgroup = cgroup
        landedMemory = LandedMemory(of: cgroup, ownBytes: request.limits.memoryBytes)
        conversation = ZygoteConversation(asker, now: monotonicMilliseconds())
    }

    static func cgroupPath(_ block: FamilyBlock, serial: UInt64) -> String {
        "\(block.cgroupName)/\(cgroupPrefix)\(serial)"
    }

    /// Whether a fork of it has what every process of the sandbox has.
    func fits(_ sandbox: Sandbox) -> Bool { sandbox.image == SandboxImage(request) }

    /// Marks it as ended, once.
    /// - Returns: false if it was before.
    func markEnded() -> Bool {
        guard endedAt == nil else { return false }
        endedAt = monotonicMilliseconds()
        return true
    }

    /// What it says next means; nil if it has said nothing more.
    func receive() throws(ZygoteNonsense) -> ZygoteConversation<Asker>.Outcome? {
        var bytes = [UInt8](repeating: 0, count: ZygoteMessage.byteLimit)
        var descriptor: Int32 = -1
        let count = nb_receive(socket.number, &bytes, bytes.count, &descriptor, Int32(MSG_DONTWAIT))
        if descriptor >= 0 {
            close(descriptor)
            throw ZygoteNonsense("it sent a descriptor")
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        guard count > 0 else { throw ZygoteNonsense(count == 0 ? "it hung up" : "it could not be heard") }
        return try conversation.take(Array(bytes.prefix(count)), now: monotonicMilliseconds())
    }

    /// - Returns: false if there is no room for it now.
    func send(_ bytes: [UInt8], _ descriptors: [Int32]) throws(SyscallError) -> Bool {
        guard nb_send_all(socket.number, bytes, bytes.count, descriptors, descriptors.count) < 0 else { return true }
        if errno == EAGAIN || errno == EINTR || errno == ENOBUFS { return false }
        throw SyscallError("sendmsg")
    }
}
