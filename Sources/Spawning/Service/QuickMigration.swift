import LinuxSystem

/// Makes the kernel move processes between cgroups at once. By default every move waits for a grace period of RCU, 8 to
/// 20 ms, to keep forks a little cheaper; a hierarchy mounted with `favordynmods` (Linux 6.0) turns that round, for as
/// long as it is mounted. Ours has no controllers and nobody but us can see where it is mounted.
///
/// Only v1 needs it: into a cgroup2 a sandbox is born, not moved.
struct QuickMigration: ~Copyable {
    private let hierarchy: DetachedMount

    /// `nil` if the kernel cannot; then creating is slower and that is all.
    init?(instance: String, log: SpawnerLog) {
        do {
            hierarchy = try DetachedMount(
                type: "cgroup", source: "none", options: "none,name=nestbox-\(instance),favordynmods")
        } catch {
            log.write("creating will be slower: \(error)")
            return nil
        }
    }
}
