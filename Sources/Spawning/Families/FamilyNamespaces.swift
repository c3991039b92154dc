import CLinux
import Glibc
import LinuxSystem

/// A user namespace of one slot, for one sandbox; a child of its family's.
final class UserNamespace {
    let slot: Int
    let descriptor: Descriptor

    init(slot: Int, of family: borrowing Descriptor) throws(BoxFailure) {
        var number: Int32 = -1
        var failure = nb_failure()
        let firstID = FamilyBlock.firstID(ofSlot: slot)
        guard nb_user_namespace(family.number, firstID, FamilyBlock.idsPerSlot, &number, &failure) == 0 else {
            throw BoxFailure(failure)
        }
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
