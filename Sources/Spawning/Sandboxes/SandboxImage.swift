import SpawnerProtocol

/// What a sandbox's processes have of their template and can never have otherwise: a process that was forked elsewhere
/// must have the same.
struct SandboxImage: Hashable {
    let layers: [String]
    let noNewPrivileges: Bool
    let openFiles: UInt32

    init(_ request: CreateSandbox) {
        layers = request.layers
        noNewPrivileges = request.noNewPrivileges
        openFiles = request.limits.openFiles
    }

    init(_ request: StartZygote) {
        layers = request.layers
        noNewPrivileges = request.noNewPrivileges
        openFiles = request.limits.openFiles
    }
}
