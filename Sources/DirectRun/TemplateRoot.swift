import CLinux

/// The root of a run from a template: its sealed layers under a writable tmpfs, mounted by the run's own user
/// namespace.
struct TemplateRoot {
    /// Detached mounts, lowest first, shown under the run's ids.
    let layers: [Int32]
    let shares: [RunShare]

    var plan: RootPlan {
        var plan = RootPlan()
        let names = layers.indices.map { "l\($0)" }
        for (name, mount) in zip(names, layers) {
            plan.directory(name)
            plan.attach(mount, at: name)
        }
        for name in ["w", "w/upper", "w/work", "root"] { plan.directory(name) }
        // The overlay wants the topmost first.
        let lower = names.reversed().joined(separator: ":")
        plan.mount(
            "overlay", at: "root", options: "lowerdir=\(lower),upperdir=w/upper,workdir=w/work,userxattr,volatile",
            attributes: RootPlan.writable)
        plan.enter("root")
        addFileSystems(to: &plan)
        for (name, text) in SyntheticFiles.hostEtc { plan.file("etc/" + name, text) }
        for share in shares { share.add(to: &plan, hostUsr: false) }
        plan.pivot()
        return plan
    }

    private func addFileSystems(to plan: inout RootPlan) {
        for name in ["proc", "dev", "etc"] { plan.directory(name) }
        plan.directory("tmp", mode: 0o1777)
        plan.mount("proc", at: "proc", attributes: NB_NO_SETUID | NB_NO_DEVICES | NB_NO_EXEC)
        plan.mount("tmpfs", at: "dev", options: "mode=755,size=64m,nr_inodes=4096", attributes: NB_NO_SETUID)
        plan.directory("dev/pts")
        plan.directory("dev/shm", mode: 0o1777)
        plan.addDevices()
    }
}
