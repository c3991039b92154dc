import Glibc
import LinuxSystem
import Testing

extension RunProgram {
    /// Cgroups of runs that are over, whoever made them, in every hierarchy.
    static func leftovers() throws -> [String] {
        CgroupTree.names(in: try CgroupLayout.detect(), prefix: "nestbox-run-").filter { name in
            let pid = name.split(separator: "-").dropFirst(2).first.flatMap { pid_t($0) } ?? 0
            return kill(pid, 0) != 0
        }
    }
}
