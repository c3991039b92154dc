import LinuxSystem
import SpawnerProtocol

/// The mounts that one sandbox or zygote is made of, shown under its ids, while they hang nowhere yet.
struct SandboxMounts {
    private let layers: [HeldMount]
    private let writable: HeldMount

    /// - Parameter user: the user namespace whose ids they are shown under.
    init(
        of digests: [String], shape: DiskShape, layers mounted: LayerMounts, pool: WritableLayerPool,
        shownTo user: borrowing Descriptor
    ) throws(SpawnFailure) {
        var copies: [HeldMount] = []
        for digest in digests { copies.append(HeldMount(try mounted.copy(of: digest))) }
        layers = copies
        writable = try box { () throws(BoxFailure) in try pool.take(shape) }
        for layer in layers + [writable] {
            do { try layer.mount.mapIDs(to: user) } catch { throw SpawnFailure(error, step: "map ids of layer") }
        }
    }

    var layerDescriptors: [Int32] { layers.map { $0.mount.descriptor.number } }
    var writableDescriptor: Int32 { writable.mount.descriptor.number }
}
