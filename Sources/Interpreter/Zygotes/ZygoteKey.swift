import SandboxModel

/// Whose zygote: one for each tenant and template.
struct ZygoteKey: Hashable, Sendable {
    let tenant: TenantID
    let templateID: String
}
