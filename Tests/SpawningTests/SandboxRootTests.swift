import LinuxSystem
import SpawnerProtocol
import Testing

@testable import Spawning

@Suite struct SandboxRootTests {
    private let steps = SandboxRoot(
        of: .sandbox(id: "sandbox-1"), templateID: "base", hostname: "sandbox-1", memoryBytes: 64 << 20,
        layers: [10, 11, 12], writable: 20
    ).steps
    private let zygoteSteps = SandboxRoot(
        of: .zygote, templateID: "base", hostname: "zygote", memoryBytes: 64 << 20, layers: [10, 11], writable: 20
    ).steps

    private func index(of step: BoxStep) throws -> Int { try #require(steps.firstIndex(of: step), "\(step)") }

    @Test func `the overlay has the topmost layer first and the writable one above`() throws {
        let overlay = BoxStep.mount(
            "overlay", options: "lowerdir=l2:l1:l0,upperdir=w/upper,workdir=w/work,userxattr,volatile", at: "root")
        for (name, mount) in [("l0", 10), ("l1", 11), ("l2", 12), ("w", 20)] as [(String, Int32)] {
            #expect(try index(of: .attach(mount, at: name)) < index(of: overlay))
        }
        #expect(try index(of: overlay) < index(of: .enter("root")))
    }

    @Test func `the host's mounts are forgotten last of all`() {
        #expect(steps.last == .pivot)
        #expect(steps.filter { $0 == .pivot }.count == 1)
    }

    @Test func `what covers proc comes after proc`() throws {
        let proc = try index(of: .mount("proc", at: "proc", [.noSetUID, .noDevices, .noExecution]))
        let covers = steps.indices.filter { index in
            if case .bind(_, let path, _, _) = steps[index] { path.hasPrefix("proc/") } else { false }
        }
        #expect(covers.count >= 10 && covers.allSatisfy { $0 > proc })
    }

    @Test func `a box's own boot id lies above the sysctl tree, which is read-only`() throws {
        let tree = try index(of: .bind(.root("proc/sys"), at: "proc/sys", .readOnly, ifPresent: true))
        let id = BoxStep.bind(.stage("boot_id"), at: "proc/sys/kernel/random/boot_id", .readOnly, ifPresent: true)
        #expect(try tree < index(of: id))
    }

    @Test func `only harmless devices of the host are shown`() {
        let shown = steps.compactMap { step -> String? in
            guard case .bind(.host(let path, let withMounts), _, _, _) = step, !withMounts else { return nil }
            return path
        }
        let harmless: Set = [
            "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
        ]
        #expect(Set(shown) == harmless)
    }

    @Test func `a zygote gets no setuid program, no process but its own and no sandbox's name`() throws {
        let overlay = BoxStep.mount(
            "overlay", options: "lowerdir=l1:l0,upperdir=w/upper,workdir=w/work,userxattr,volatile", at: "root",
            .noSetUID)
        let proc = BoxStep.mount(
            "proc", options: "hidepid=ptraceable", at: "proc", [.noSetUID, .noDevices, .noExecution])
        #expect(zygoteSteps.contains(overlay) && zygoteSteps.contains(proc))
        #expect(!zygoteSteps.contains { if case .file("run/e2b/.E2B_SANDBOX_ID", _, _) = $0 { true } else { false } })
    }

    @Test func `the ids of the sandbox and its template stand in files that nobody writes`() throws {
        _ = try index(of: .file("run/e2b/.E2B_SANDBOX_ID", text: "sandbox-1", mode: 0o444))
        _ = try index(of: .file("run/e2b/.E2B_TEMPLATE_ID", text: "base", mode: 0o444))
    }
}
