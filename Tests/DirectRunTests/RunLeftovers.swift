import Glibc
import LinuxSystem
import Testing

extension RunProgram {
    /// Cgroups of runs that are over, whoever made them, in every hierarchy.
    static func leftovers() throws -> [String] {
        let layout = try CgroupLayout.detect()
        let hierarchies = Array(layout.legacy.values) + (layout.unified.map { [$0] } ?? [])
        return hierarchies.flatMap { names(in: $0.ownDirectory) }.filter { name in
            guard name.hasPrefix("nestbox-run-") else { return false }
            let pid = name.split(separator: "-").dropFirst(2).first.flatMap { pid_t($0) } ?? 0
            return kill(pid, 0) != 0
        }
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
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
