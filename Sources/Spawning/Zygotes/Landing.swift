import Glibc
import LinuxSystem
import SpawnerProtocol

/// The order to land in a sandbox: its bytes, and the descriptors that are the way in.
struct Landing {
    /// The order of Kernels/land.
    private static let namespaces = ["net", "user", "ipc", "uts", "pid", "mnt", "cgroup"]
    /// Kernels/land takes no more.
    private static let cgroupLimit = 8
    private static let landTag: UInt8 = 1
    static let pingBytes: [UInt8] = [2]

    private let held: [Held]
    let bytes: [UInt8]

    private final class Held {
        let descriptor: Descriptor

        init(_ descriptor: consuming Descriptor) {
            self.descriptor = descriptor
        }
    }

    /// - Throws: `notFound` if the sandbox is ending.
    init(in sandbox: Sandbox, _ payload: [UInt8]) throws(SpawnFailure) {
        let cgroups = sandbox.cgroup.entryFiles
        precondition(cgroups.count <= Self.cgroupLimit, "more cgroup hierarchies than controllers")
        var held: [Held] = []
        do {
            // The process is our child and not reaped, so the number is its own.
            for name in Self.namespaces { held.append(try Self.open("/proc/\(sandbox.pid)/ns/\(name)", O_RDONLY)) }
            for path in cgroups { held.append(try Self.open(path, O_WRONLY)) }
        } catch where [ENOENT, ESRCH, EACCES, ENODEV].contains(error.number) {
            throw SpawnFailure(
                .notFound, step: "sandboxID", errorNumber: error.number,
                message: "the sandbox \(sandbox.id) is ending")
        } catch {
            throw SpawnFailure(error, step: "open the way into the sandbox")
        }
        self.held = held
        bytes = [Self.landTag] + payload
    }

    var descriptors: [Int32] { held.map { $0.descriptor.number } }

    private static func open(_ path: String, _ flags: Int32) throws(SyscallError) -> Held {
        Held(Descriptor(owning: try check("open", path: path) { Glibc.open(path, flags | O_CLOEXEC) }))
    }
}
