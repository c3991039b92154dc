import CLinux
import Foundation
import Glibc
import SpawnerProtocol
import Testing

/// A spawner of its own with two layers, in a directory of its own; all of it is gone when the body is.
final class SpawnerFixture {
    let directory: URL
    let instance: String
    private let guest: String
    /// Lowest first. Both have the file `which`; the directories that a root wants are in the lower one.
    let layers: [String]
    /// One whose `etc` is a file, so that no root can be made of it.
    let brokenLayer: String
    private var process: ChildProcess?
    private var probeLayer: String?

    /// - Parameter guest: the product that is every sandbox's first process.
    static func withSpawner(guest: String = "box-probe", _ body: (SpawnerFixture) throws -> Void) throws {
        let fixture = try SpawnerFixture(guest: guest)
        defer { fixture.end() }
        try fixture.start()
        try body(fixture)
    }

    private init(guest: String) throws {
        self.guest = guest
        instance = "test-\(UUID().uuidString.prefix(8).lowercased())"
        directory = URL(fileURLWithPath: "/var/tmp/nestbox-\(instance)")
        for name in ["run", "data", "layers"] {
            try FileManager.default.createDirectory(
                at: directory.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        layers = [
            try Self.seal(["etc/empty": "", "which": "lower", "lower": "here"], in: directory),
            try Self.seal(["which": "upper"], in: directory),
        ]
        brokenLayer = try Self.seal(["etc": "a file where a directory is wanted"], in: directory)
    }

    var pid: Int32 { process?.pid ?? -1 }

    func socketPath(_ name: String) -> String { directory.appendingPathComponent("run/\(name)").path }

    func connect() throws -> TestConnection { try TestConnection(socketPath("spawner.sock")) }

    /// A request for a sandbox of both layers.
    func request(_ id: String, _ change: (inout CreateSandbox) -> Void = { _ in }) -> CreateSandbox {
        var request = CreateSandbox.example(id)
        request.layers = layers
        change(&request)
        return request
    }

    /// A request for a sandbox of both layers and one that has the program `/probe`.
    func warmRequest(_ id: String, _ change: (inout CreateSandbox) -> Void = { _ in }) throws -> CreateSandbox {
        let layers = try warmLayers()
        return request(id) {
            $0.layers = layers
            change(&$0)
        }
    }

    /// A request for a zygote of such sandboxes; `kind` as in Tests/BoxProbe/zygote.c.
    func zygote(_ kind: String, _ change: (inout StartZygote) -> Void = { _ in }) throws -> StartZygote {
        let sandbox = CreateSandbox.example()
        var request = StartZygote(
            family: sandbox.family, templateID: sandbox.templateID, layers: try warmLayers(),
            arguments: ["/probe", "zygote", kind], environment: [], limits: sandbox.limits,
            noNewPrivileges: sandbox.noNewPrivileges)
        request.limits.memoryBytes = 256 << 20
        change(&request)
        return request
    }

    private func warmLayers() throws -> [String] {
        let probe: String
        if let probeLayer { probe = probeLayer } else {
            probe = try Self.seal(
                ["etc/passwd": "root:x:0:0:root:/:/bin/sh\n"], program: ("probe", "box-probe"), in: directory)
            probeLayer = probe
        }
        return layers + [probe]
    }

    /// What a landed probe answers that serves at `path` inside; it is reached through the root of PID 1.
    func ask(landed path: String, in sandbox: RunningSandboxDescription, _ line: String) throws -> String {
        let name = "/proc/\(sandbox.hostPid)/root\(path)"
        while access(name, F_OK) != 0 { sched_yield() }
        return try TestProbe.ask(name, line)
    }

    /// What the probe in a sandbox answers.
    func ask(_ id: String, _ line: String) throws -> String { try TestProbe.ask(socketPath("\(id).sock"), line) }

    /// Starts a spawner, in `cgroups` if given, and waits until it listens.
    func start(in cgroups: [String] = []) throws {
        let enter = ["/bin/sh", "-c", "for d in $0; do echo $$ > $d/cgroup.procs || exit 9; done; exec \"$@\""]
        let words = cgroups.isEmpty ? arguments : enter + [cgroups.joined(separator: " ")] + arguments
        let process = try ChildProcess(words, log: logPath)
        self.process = process
        while access(socketPath("spawner.sock"), F_OK) != 0 || (try? connect()) == nil {
            guard process.poll() == nil else { throw TestFailure("the spawner ended: \(log)") }
            sched_yield()
        }
    }

    /// Runs a second spawner on the same data to its end.
    func runAnother(_ more: String...) throws -> Int32 { try ChildProcess(arguments + more).waitUntilExit() >> 8 }

    /// Kills the spawner without a word.
    func killSpawner() {
        kill(pid, SIGKILL)
        _ = process?.waitUntilExit()
    }

    /// Waits until the spawner ends by itself.
    func waitForExit() -> Int32 { process?.waitUntilExit() ?? -1 }

    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    private var logPath: String { directory.appendingPathComponent("log").path }

    private var arguments: [String] {
        [
            Self.products.appendingPathComponent("nestbox-spawner").path,
            "--socket-dir", directory.appendingPathComponent("run").path,
            "--data", directory.appendingPathComponent("data").path,
            "--layers", directory.appendingPathComponent("layers").path,
            "--guest", Self.products.appendingPathComponent(guest).path,
            "--uid", "0", "--gid", "0", "--instance", instance,
        ]
    }

    private func end() {
        if let process, process.poll() == nil {
            endSandboxes()
            kill(process.pid, SIGTERM)
            _ = process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: directory)  // a leftover in /var/tmp harms nobody
    }

    private func endSandboxes() {
        guard let connection = try? connect(), let live = try? connection.list() else { return }
        for sandbox in live {
            _ = try? connection.perform(.destroy(sandboxID: sandbox.sandboxID))
            _ = try? connection.nextEnd()
        }
    }

    private static var products: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    }

    /// Makes a sealed layer of files.
    private static func seal(
        _ files: [String: String], program: (name: String, product: String)? = nil, in directory: URL
    ) throws -> String {
        let tree = directory.appendingPathComponent("tree")
        for (name, text) in files {
            let file = tree.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: false, encoding: .utf8)
        }
        if let program {
            try FileManager.default.copyItem(
                at: products.appendingPathComponent(program.product), to: tree.appendingPathComponent(program.name))
        }
        let digest = (0..<64).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
        let image = directory.appendingPathComponent("layers/\(digest).erofs").path
        guard try ChildProcess(["/usr/bin/mkfs.erofs", image, tree.path]).waitUntilExit() == 0 else {
            throw TestFailure("mkfs.erofs failed")
        }
        try FileManager.default.removeItem(at: tree)
        return digest
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
