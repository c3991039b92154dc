import CLinux
import Glibc
import LinuxSystem

/// A user namespace of one slot, for one sandbox; a child of its family's. What its processes use of what the kernel
/// counts by user is held to ``KernelCounts``, all of them together.
final class UserNamespace {
    let slot: Int
    let descriptor: Descriptor

    init(slot: Int, of family: borrowing Descriptor) throws(BoxFailure) {
        var number: Int32 = -1
        var failure = nb_failure()
        var plan = nb_slot_plan()
        plan.first_id = FamilyBlock.firstID(ofSlot: slot)
        plan.id_count = FamilyBlock.idsPerSlot
        let familyNumber = family.number
        let limits = KernelCounts.resourceLimits.map { nb_limit(resource: $0.resource, value: $0.value) }
        let result = limits.withUnsafeBufferPointer { limits in
            plan.limits = limits.baseAddress
            plan.limit_count = limits.count
            return nb_user_namespace(familyNumber, &plan, &number, &failure)
        }
        guard result == 0 else { throw BoxFailure(failure) }
        self.slot = slot
        descriptor = Descriptor(owning: number)
    }
}

/// A network namespace with `lo` and nothing else, for one sandbox; it belongs to the family, so that the sandbox has
/// no power over it.
final class NetworkNamespace {
    let descriptor: Descriptor

    init(of family: borrowing Descriptor) throws(BoxFailure) {
        var number: Int32 = -1
        var failure = nb_failure()
        guard nb_network_namespace(family.number, &number, &failure) == 0 else { throw BoxFailure(failure) }
        descriptor = Descriptor(owning: number)
    }
}
