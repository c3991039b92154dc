import CLinux
import Glibc
import LinuxSystem

/// One user namespace and one pid namespace below which a family's sandboxes live, with ready namespaces for the next
/// ones. Its first process does nothing; when it ends, the kernel ends every sandbox of the family.
final class Family {
    /// Whose sandboxes it takes; nil for one that an earlier spawner left, which takes no new ones.
    let key: String?
    let block: FamilyBlock
    let pid: Int32
    let process: Descriptor
    /// Not held for one that an earlier spawner left.
    let namespaces: Namespaces?
    var slots = SlotSet()
    /// When the last sandbox ended, in monotonic milliseconds.
    var idleSince: Int64?
    var isEnding = false
    /// Lives beside the sandboxes; one that is ending is no longer the family's.
    weak var zygote: Zygote?

    private var userNamespaces: [UserNamespace] = []
    private var networkNamespaces: [NetworkNamespace] = []
    private var readyTarget = Family.readyTargetRange.lowerBound

    /// How many sandboxes' namespaces are kept ready: more as demand outruns them.
    static let readyTargetRange = 4...16

    final class Namespaces {
        let user: Descriptor
        let pid: Descriptor

        init(user: consuming Descriptor, pid: consuming Descriptor) {
            self.user = user
            self.pid = pid
        }
    }

    /// Starts a family in the cgroup `cgroup`.
    init(key: String, block: FamilyBlock, cgroup: borrowing Descriptor) throws(BoxFailure) {
        var family = nb_family()
        var failure = nb_failure()
        var plan = nb_family_plan()
        plan.first_id = block.firstHostID
        plan.id_count = FamilyBlock.idsPerBlock
        plan.cgroup = cgroup.number
        let result = KernelCounts.withInotify { counts in
            plan.counts = counts.baseAddress
            plan.count_count = counts.count
            return nb_family_start(&plan, &family, &failure)
        }
        guard result == 0 else { throw BoxFailure(failure) }
        self.key = key
        self.block = block
        pid = family.pid
        process = Descriptor(owning: family.pidfd)
        namespaces = Namespaces(
            user: Descriptor(owning: family.user_namespace), pid: Descriptor(owning: family.pid_namespace))
    }

    /// Takes over a family that an earlier spawner left, for as long as its sandboxes live.
    init(found block: FamilyBlock, pid: Int32, process: consuming Descriptor) {
        key = nil
        self.block = block
        self.pid = pid
        self.process = process
        namespaces = nil
    }

    /// Sandboxes that live in it; slots held by ready namespaces do not count.
    var sandboxCount: Int { slots.takenCount - userNamespaces.count }

    /// Whether a sandbox of `key` may be made in it.
    func takes(_ key: String) -> Bool {
        self.key == key && !isEnding && (!slots.isFull || !userNamespaces.isEmpty)
    }

    /// Namespaces for one sandbox: ready ones, or made now. Its slot stays taken until it is given back.
    func takeNamespaces() throws(BoxFailure) -> (UserNamespace, NetworkNamespace) {
        if userNamespaces.isEmpty || networkNamespaces.isEmpty {
            readyTarget = min(readyTarget * 2, Self.readyTargetRange.upperBound)
        }
        if userNamespaces.isEmpty { try addUserNamespace() }
        if networkNamespaces.isEmpty { try addNetworkNamespace() }
        guard let user = userNamespaces.popLast(), let network = networkNamespaces.popLast() else {
            throw BoxFailure(step: "take namespaces", number: EAGAIN)
        }
        return (user, network)
    }

    /// Makes one namespace ahead of need, unless there are so many of them already.
    /// - Returns: whether there may be more to do.
    func prepareOne(upTo count: Int) throws(BoxFailure) -> Bool {
        guard key != nil, !isEnding else { return false }
        let target = min(readyTarget, count)
        if networkNamespaces.count < target {
            try addNetworkNamespace()
            return true
        }
        guard userNamespaces.count < target, !slots.isFull else { return false }
        try addUserNamespace()
        return true
    }

    /// Ends the first process. It is gone when `process` reads as ended.
    func end() {
        isEnding = true
        userNamespaces = []
        networkNamespaces = []
        nb_pidfd_kill(process.number, SIGKILL)
    }

    private func addUserNamespace() throws(BoxFailure) {
        guard let namespaces, let slot = slots.take() else {
            throw BoxFailure(step: "take a range of ids", number: EUSERS)
        }
        do {
            userNamespaces.append(try UserNamespace(slot: slot, of: namespaces.user))
        } catch {
            slots.give(back: slot)
            throw error
        }
    }

    private func addNetworkNamespace() throws(BoxFailure) {
        guard let namespaces else { throw BoxFailure(step: "network namespace", number: EPERM) }
        networkNamespaces.append(try NetworkNamespace(of: namespaces.user))
    }
}
