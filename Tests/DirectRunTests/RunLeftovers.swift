import Glibc
import LinuxSystem
import Testing

extension RunProgram {
    /// Cgroups of runs, whoever made them, in every hierarchy.
    static func leftovers() throws -> [String] {
        let layout = try CgroupLayout.detect()
        let hierarchies = Array(layout.legacy.values) + (layout.unified.map { [$0] } ?? [])
        return hierarchies.flatMap { names(in: $0.ownDirectory) }.filter { $0.hasPrefix("nestbox-run-") }
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
