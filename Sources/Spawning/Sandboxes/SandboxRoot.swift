import LinuxSystem
import SpawnerProtocol

/// The steps that make the root of a sandbox, or of a zygote's box, in their order.
struct SandboxRoot {
    enum Purpose: Hashable {
        case sandbox(id: String)
        /// It lives in the pid namespace of a family and must not become the family's root, so it sees nobody's
        /// processes but its own, and setuid programs are none.
        case zygote
    }

    let purpose: Purpose
    let templateID: String
    let hostname: String
    let memoryBytes: UInt64
    /// Detached mounts, lowest first, already shown under the sandbox's ids.
    let layers: [Int32]
    let writable: Int32
    /// A UUID as the kernel writes it, and 32 hexadecimal digits.
    let bootID = RandomID.uuid()
    let machineID = RandomID.machineID()

    init(of purpose: Purpose, templateID: String, hostname: String, limits: SpawnLimits, mounts: SandboxMounts) {
        self.init(
            of: purpose, templateID: templateID, hostname: hostname, memoryBytes: limits.memoryBytes,
            layers: mounts.layerDescriptors, writable: mounts.writableDescriptor)
    }

    init(
        of purpose: Purpose, templateID: String, hostname: String, memoryBytes: UInt64, layers: [Int32],
        writable: Int32
    ) {
        self.purpose = purpose
        self.templateID = templateID
        self.hostname = hostname
        self.memoryBytes = memoryBytes
        self.layers = layers
        self.writable = writable
    }

    /// Shared memory is charged to the sandbox's memory, so half of it is enough to fail early.
    private var sharedMemoryBytes: UInt64 { memoryBytes / 2 }

    var steps: [BoxStep] {
        overlay + [.enter("root")] + mountPoints + proc
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
                    at: "root", purpose == .zygote ? .noSetUID : []),
            ]
    }

    private var proc: [BoxStep] { purpose == .zygote ? BoxFileSystems.ownProc : BoxFileSystems.proc }

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
        ] + names
    }

    private var names: [BoxStep] {
        guard case .sandbox(let id) = purpose else { return [] }
        return [
            .file("run/e2b/.E2B_SANDBOX_ID", text: id, mode: 0o444),
            .file("run/e2b/.E2B_TEMPLATE_ID", text: templateID, mode: 0o444),
        ]
    }

    /// Written into the writable layer, so that whoever is root inside may change them.
    private var etc: [BoxStep] {
        let hosts = """
            127.0.0.1 localhost
            127.0.1.1 \(hostname)
            ::1 localhost ip6-localhost ip6-loopback

            """
        return [
            .file("etc/hostname", text: hostname + "\n"),
            .file("etc/hosts", text: hosts),
            .file("etc/resolv.conf", text: "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
            .file("etc/machine-id", text: machineID + "\n", mode: 0o444),
        ]
    }
}
