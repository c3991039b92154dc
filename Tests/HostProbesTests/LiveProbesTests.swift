import Glibc
import LinuxSystem
import Testing

@testable import HostProbes

@Suite struct LiveProbesTests {
    @Test func `every probe answers and leaves nothing`() throws {
        let before = try Self.traces()
        let report = HostReport.take()
        #expect(Set(HostReport.processNeeds).isSubset(of: report.probes.map(\.name)))
        #expect(try Self.traces() == before)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root: the level does"))
    func `namespaces and the filter work where sandboxes are tested`() {
        let failed = (NamespaceProbes.take() + KernelProbes.take()).filter { !$0.isAvailable }.map(\.name)
        #expect(Set(failed).isSubset(of: ["KVM", "Landlock", "nftables", "user namespace for ordinary users"]))
    }

    /// Mounts, children and probe cgroups of this process.
    private static func traces() throws -> [String] {
        let mounts = try text("/proc/self/mountinfo")
        let children = try text("/proc/thread-self/children")
        let tree = try CgroupLayout.detect().unified?.ownDirectory ?? "/sys/fs/cgroup"
        let probes = try FileNames.list(tree).filter { $0.hasPrefix("nestbox-probe-") }
        return [mounts, children] + probes
    }

    private static func text(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }
}

enum FileNames {
    static func list(_ directory: String) throws -> [String] {
        let stream = try #require(opendir(directory))
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
