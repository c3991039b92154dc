import Foundation
import Glibc

@testable import Spawning

/// What a spawner and its sandboxes take of the host, as far as it can be counted without counting others' things.
struct HostCount: Equatable {
    var descriptors: Int
    var mounts: Int
    var children: Int
    var cgroups: Int
    var loopDevices: Int

    init(_ spawner: SpawnerFixture) throws {
        let proc = "/proc/\(spawner.pid)"
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "\(proc)/fd").count
        mounts = try String(contentsOfFile: "\(proc)/mountinfo", encoding: .utf8).split(separator: "\n").count
        children = try String(contentsOfFile: "\(proc)/task/\(spawner.pid)/children", encoding: .utf8)
            .split(separator: " ").count
        cgroups = try Self.cgroups(of: spawner.instance)
        let path = spawner.directory.path
        loopDevices = try FileManager.default.contentsOfDirectory(atPath: "/sys/block").filter { name in
            (try? String(contentsOfFile: "/sys/block/\(name)/loop/backing_file", encoding: .utf8))?.hasPrefix(path)
                ?? false
        }.count
    }

    /// Counts until it stays the same: pools fill, and the kernel tidies up after an answer.
    static func settled(_ spawner: SpawnerFixture) throws -> HostCount {
        var last = try HostCount(spawner)
        var same = 0
        while same < 120 {
            let count = try HostCount(spawner)
            same = count == last ? same + 1 : 0
            last = count
        }
        return last
    }

    func isNoMore(than other: HostCount) -> Bool {
        descriptors <= other.descriptors && mounts <= other.mounts && children <= other.children
            && cgroups <= other.cgroups && loopDevices <= other.loopDevices
    }

    static func cgroups(of instance: String) throws -> Int { try SpawnerFixture.cgroups(of: instance).count }
}

extension SpawnerFixture {
    /// The cgroups of an instance, in all hierarchies.
    static func cgroups(of instance: String) throws -> [String] {
        var found: [String] = []
        var rest = ["/sys/fs/cgroup"]
        while let directory = rest.popLast() {
            let number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard number >= 0 else { continue }  // a file, or gone meanwhile
            defer { close(number) }
            if directory.contains("/\(instance)") { found.append(directory) }
            rest += DirectoryListing.names(in: number).map { "\(directory)/\($0)" }
        }
        return found
    }

    /// Removes a cgroup whose last process was just killed.
    static func removeCgroup(_ directory: String) throws {
        while rmdir(directory) != 0 {
            guard errno == EBUSY else { throw TestFailure("rmdir \(directory): \(errno)") }
            sched_yield()
        }
    }
}
