import SandboxModel
import SpawnerProtocol
import WireCoding

extension StartZygote {
    /// So many processes a zygote may have at once; it needs the three that a landing takes.
    private static let processes: UInt32 = 64

    /// The template's zygote in the spawner's words; `nil` if it names none.
    init?(_ template: Template, _ tenant: TenantID) {
        guard let zygote = template.zygote else { return nil }
        var limits = SpawnLimits(template.limits)
        limits.memoryBytes = UInt64(zygote.memoryMiB) << 20
        limits.processes = Self.processes
        self.init(
            family: FamilyName(tenant, template.id).text, templateID: template.id, layers: template.layers,
            arguments: zygote.command.words,
            environment: template.environment.sorted { $0.key < $1.key }.map { WirePair(name: $0, value: $1) },
            limits: limits, noNewPrivileges: template.noNewPrivileges)
    }
}
