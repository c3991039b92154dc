import LinuxSystem
import SpawnerProtocol

/// The mounts that one sandbox is made of, shown under its ids, while they hang nowhere yet.
struct SandboxMounts {
    private let layers: [HeldMount]
    private let writable: HeldMount

    init(
        _ request: CreateSandbox, layers mounted: LayerMounts, pool: WritableLayerPool, user: UserNamespace
    ) throws(SpawnFailure) {
        var copies: [HeldMount] = []
        for digest in request.layers { copies.append(HeldMount(try mounted.copy(of: digest))) }
        layers = copies
        writable = try box { () throws(BoxFailure) in try pool.take(DiskShape(request.limits)) }
        for layer in layers + [writable] {
            try step("map ids of layer") { () throws(SyscallError) in try layer.mount.mapIDs(to: user.descriptor) }
        }
    }

    var layerDescriptors: [Int32] { layers.map { $0.mount.descriptor.number } }
    var writableDescriptor: Int32 { writable.mount.descriptor.number }
}
