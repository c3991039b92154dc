import SandboxModel
import SpawnerProtocol

extension CreateSandbox {
    /// A spec in the spawner's words.
    init(_ id: SandboxID, _ spec: SandboxSpec, _ tenant: TenantID, _ endsAt: Timestamp) {
        let template = spec.template
        self.init(
            sandboxID: id.text, templateID: template.id, family: FamilyName(tenant, template.id).text,
            hostname: id.text, layers: template.layers, limits: SpawnLimits(template.limits),
            noNewPrivileges: template.noNewPrivileges, deadlineMilliseconds: endsAt.unixMilliseconds)
    }
}

extension SpawnLimits {
    private static let bytesPerMiB: UInt64 = 1 << 20

    init(_ limits: ResourceLimits) {
        // Every number was checked against a range of positive ones.
        self.init(
            memoryBytes: UInt64(limits.memoryMiB) * Self.bytesPerMiB, cpuMilli: UInt32(limits.cpuCount) * 1000,
            processes: UInt32(limits.processes), openFiles: UInt32(limits.openFiles),
            diskBytes: UInt64(limits.diskMiB) * Self.bytesPerMiB, diskInodes: UInt64(limits.inodes))
    }
}
