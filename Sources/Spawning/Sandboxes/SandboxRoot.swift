import LinuxSystem
import SpawnerProtocol

/// The steps that make a sandbox's root, in their order.
struct SandboxRoot {
    let request: CreateSandbox
    /// Detached mounts, lowest first, already shown under the sandbox's ids.
    let layers: [Int32]
    let writable: Int32
    /// A UUID as the kernel writes it, and 32 hexadecimal digits.
    let bootID: String
    let machineID: String

    /// Shared memory is charged to the sandbox's memory, so half of it is enough to fail early.
    private var sharedMemoryBytes: UInt64 { request.limits.memoryBytes / 2 }

    var steps: [BoxStep] {
        overlay + [.enter("root")] + mountPoints + BoxFileSystems.proc
            + BoxFileSystems.devices(sharedMemoryBytes: sharedMemoryBytes) + run + etc + [.pivot]
    }

    private var overlay: [BoxStep] {
        let names = layers.indices.map { "l\($0)" }
        // The overlay wants the topmost first. `userxattr`: it is mounted by the sandbox's own user namespace.
        let lower = names.reversed().joined(separator: ":")
        return BoxFileSystems.stage(bootID: bootID)
            + zip(names, layers).flatMap { name, mount -> [BoxStep] in [.directory(name), .attach(mount, at: name)] }
            + [
                .directory("w"), .attach(writable, at: "w"), .directory("root"),
                .mount(
                    "overlay", options: "lowerdir=\(lower),upperdir=w/upper,workdir=w/work,userxattr,volatile",
                    at: "root"),
            ]
    }

    private var mountPoints: [BoxStep] {
        [
            .directory("sys", mode: 0o555), .bind(.stage("empty"), at: "sys", .readOnly),
            .directory("tmp", mode: 0o1777), .directory("etc"),
        ]
    }

    private var run: [BoxStep] {
        [
            .directory("run"),
            .mount("tmpfs", options: "mode=755,size=16m,nr_inodes=4096", at: "run", [.noSetUID, .noDevices]),
            .directory("run/lock", mode: 0o1777), .directory("run/e2b"),
            .file("run/e2b/.E2B_SANDBOX_ID", text: request.sandboxID, mode: 0o444),
            .file("run/e2b/.E2B_TEMPLATE_ID", text: request.templateID, mode: 0o444),
        ]
    }

    /// Written into the writable layer, so that whoever is root inside may change them.
    private var etc: [BoxStep] {
        let hosts = """
            127.0.0.1 localhost
            127.0.1.1 \(request.hostname)
            ::1 localhost ip6-localhost ip6-loopback

            """
        return [
            .file("etc/hostname", text: request.hostname + "\n"),
            .file("etc/hosts", text: hosts),
            .file("etc/resolv.conf", text: "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
            .file("etc/machine-id", text: machineID + "\n", mode: 0o444),
        ]
    }
}
