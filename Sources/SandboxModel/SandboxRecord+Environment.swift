extension SandboxRecord {
    /// The variables that E2B's users look for, and that nobody overrides.
    public var reservedEnvironment: [String: String] {
        ["E2B_SANDBOX": "true", "E2B_SANDBOX_ID": id.text, "E2B_TEMPLATE_ID": templateID]
    }
}
