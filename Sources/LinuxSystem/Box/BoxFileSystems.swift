/// The parts of a root that are the same in every box, as steps to be run after `enter`. The stage must hold an empty
/// directory `empty` and the file `boot_id`.
public enum BoxFileSystems {
    /// What every box has on its stage, before `enter`.
    public static func stage(bootID: String) -> [BoxStep] {
        [.directory("empty", mode: 0o555), .file("boot_id", text: bootID + "\n", mode: 0o444)]
    }

    /// `/proc` of the box's own pid namespace, with all that tells of the host or steers it covered.
    public static let proc = proc(options: nil)

    /// The same for a program that lives in the pid namespace of others: it sees those that it may trace, its own.
    public static let ownProc = proc(options: "hidepid=ptraceable")

    private static func proc(options: String?) -> [BoxStep] {
        [
            .directory("proc", mode: 0o555),
            .mount("proc", options: options, at: "proc", [.noSetUID, .noDevices, .noExecution]),
        ]
        + ["sys", "sysrq-trigger", "irq", "bus", "fs"].map {
            .bind(.root("proc/\($0)"), at: "proc/\($0)", .readOnly, ifPresent: true)
        }
        + [.bind(.stage("boot_id"), at: "proc/sys/kernel/random/boot_id", .readOnly, ifPresent: true)]
        + coveredFiles.map { .bind(.host("/dev/null"), at: "proc/\($0)", .readOnly, ifPresent: true) }
        + coveredDirectories.map { .bind(.stage("empty"), at: "proc/\($0)", .readOnly, ifPresent: true) }
    }

    /// Kernel memory, keys, timers and logs of the host.
    private static let coveredFiles = [
        "kcore", "keys", "key-users", "timer_list", "sched_debug", "latency_stats", "kmsg", "interrupts",
    ]
    private static let coveredDirectories = ["acpi", "asound", "scsi"]

    /// Terminals that a box has at once: of those that the kernel has for all of the host.
    public static let terminalLimit = 128

    /// A `/dev` with the harmless devices of the host, a terminal device of the box's own, and shared memory.
    public static func devices(sharedMemoryBytes: UInt64) -> [BoxStep] {
        let devices = ["null", "zero", "full", "random", "urandom", "tty"]
        return [
            .directory("dev"),
            .mount("tmpfs", options: "mode=755,size=64k,nr_inodes=256", at: "dev", [.noSetUID, .noExecution]),
            .directory("dev/pts"), .directory("dev/shm"),
        ]
            + devices.flatMap { name -> [BoxStep] in
                [
                    .file("dev/\(name)", text: "", mode: 0o666),
                    .bind(.host("/dev/\(name)"), at: "dev/\(name)", [.noSetUID, .noExecution]),
                ]
            } + [
                .mount(
                    "devpts", options: "newinstance,ptmxmode=0666,mode=620,gid=5,max=\(terminalLimit)", at: "dev/pts",
                    [.noSetUID, .noExecution]),
                .mount(
                    "tmpfs", options: "mode=1777,size=\(sharedMemoryBytes)", at: "dev/shm", [.noSetUID, .noDevices]),
                .link("dev/ptmx", to: "pts/ptmx"),
                .link("dev/fd", to: "/proc/self/fd"),
                .link("dev/stdin", to: "/proc/self/fd/0"),
                .link("dev/stdout", to: "/proc/self/fd/1"),
                .link("dev/stderr", to: "/proc/self/fd/2"),
            ]
    }
}
