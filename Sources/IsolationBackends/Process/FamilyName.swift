import SandboxModel

/// The name under which the spawner knows the sandboxes of one tenant and template. The tenant's length in front keeps
/// `a` with `b-c` apart from `a-b` with `c`.
struct FamilyName: Hashable {
    let tenant: TenantID
    let templateID: String

    init(_ tenant: TenantID, _ templateID: String) {
        self.tenant = tenant
        self.templateID = templateID
    }

    var text: String { "\(tenant.text.utf8.count)-\(tenant.text)-\(templateID)" }

    /// `nil` if it is not a name of our making.
    init?(_ text: String) {
        guard let dash = text.firstIndex(of: "-"), let length = Int(text[..<dash]),
            TenantID.lengthRange.contains(length)
        else { return nil }
        let rest = text[text.index(after: dash)...].utf8
        guard rest.count > length + 1, let name = String(rest.prefix(length)),
            let tenant = try? TenantID(name),  // what cannot be one was not written by us
            let templateID = String(rest.dropFirst(length + 1))
        else { return nil }
        self.init(tenant, templateID)
        guard self.text == text else { return nil }
    }
}
