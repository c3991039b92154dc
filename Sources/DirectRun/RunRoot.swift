import Glibc

/// The root that a command gets, and what goes with it.
struct RunRoot {
    /// Bytes and inodes of all that can be written, charged to the memory limit as well.
    static let stageOptions = "mode=755,size=256m,nr_inodes=65536"
    /// The root is made over this directory of the host, which no share may name: it is hidden while the rest is taken.
    static let stage = "/sys"

    let user: RunUser
    let plan: RootPlan
    /// Where the command starts unless it was said.
    let directory: String
    let environment: [String]

    init(_ options: RunOptions) throws(RunError) {
        guard let name = options.template else {
            user = .single()
            plan = HostRoot(shares: try Self.shares(options, user)).plan
            (directory, environment) = ("/work", [])
            return
        }
        guard geteuid() == 0 else {
            throw .refused(step: "--template \(name)", reason: "only root may mount a template's layers")
        }
        let template = try RunTemplate(name, in: options.templates)
        user = .range()
        plan = try TemplateRoot(
            layers: template.mounts(for: user), shares: try Self.shares(options, user)).plan
        (directory, environment) = (template.directory ?? RunUser.home, template.environment)
    }

    private static func shares(_ options: RunOptions, _ user: RunUser) throws(RunError) -> [RunShare] {
        var shares: [RunShare] = []
        for path in options.readOnlyPaths { shares.append(try RunShare(path, isWritable: false, user: user)) }
        for path in options.writablePaths { shares.append(try RunShare(path, isWritable: true, user: user)) }
        return shares
    }
}
