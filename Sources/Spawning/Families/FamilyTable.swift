import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// All families by their block. A family that is full gets a second one of the same key; one without sandboxes is
/// ended after a while.
struct FamilyTable {
    /// How long a family without sandboxes is kept, in milliseconds.
    static let idleLimit: Int64 = 60_000

    private(set) var families: [Int: Family] = [:]
    private let cgroups: CgroupTree

    init(cgroups: CgroupTree) {
        self.cgroups = cgroups
    }

    /// The cgroup of a family's first process. No sandbox's name has an underscore.
    static func processCgroup(_ block: FamilyBlock) -> String { "\(block.cgroupName)/_family" }

    /// A family of `key` that can take a sandbox; `started` is told of a new one.
    mutating func family(
        for key: String, started: (Family) throws(SpawnFailure) -> Void
    ) throws(SpawnFailure) -> Family {
        if let family = families.values.first(where: { $0.takes(key) }) { return family }
        let free = (0..<FamilyBlock.blockCount).first { families[$0] == nil }
        guard let block = free.flatMap(FamilyBlock.init(index:)) else {
            throw SpawnFailure(
                .exhausted, step: "family",
                message: "all \(FamilyBlock.blockCount) ranges of ids are in use, none by this family with room")
        }
        let family = try start(key: key, block: block)
        families[block.index] = family
        try started(family)
        return family
    }

    mutating func adopt(_ family: Family) {
        families[family.block.index] = family
    }

    /// Ends the families that have been without sandboxes for the limit, or all such if `atOnce`. One with a zygote is
    /// waiting for its next sandbox, as long as somebody is there to ask for one.
    func endIdle(now: Int64, isServed: Bool, atOnce: Bool = false) {
        for family in families.values where family.sandboxCount == 0 && !family.isEnding {
            if family.zygote != nil && isServed && !atOnce { continue }
            guard let since = family.idleSince else {
                family.idleSince = now
                if atOnce { family.end() }
                continue
            }
            if atOnce || family.key == nil || now - since >= Self.idleLimit { family.end() }
        }
    }

    /// Forgets the family of `index`, whose first process has ended.
    mutating func remove(_ index: Int) {
        guard let family = families.removeValue(forKey: index) else { return }
        var status: Int32 = 0
        nb_pidfd_status(family.process.number, &status)  // reaps it; how it ended does not matter
        cgroups.remove(family.block.cgroupName)
    }

    private func start(key: String, block: FamilyBlock) throws(SpawnFailure) -> Family {
        cgroups.remove(block.cgroupName)  // what an earlier life may have left
        let path = Self.processCgroup(block)
        let unlimited = CgroupLimits(memoryBytes: nil, cpuMilli: nil, processes: nil)
        let cgroup = try step("family cgroup") { () throws(SyscallError) in
            try cgroups.makeSandbox(path, limits: unlimited)
        }
        do {
            let directory = try step("family cgroup") { () throws(SyscallError) in try cgroup.openDirectory() }
            return try Family(key: key, block: block, cgroup: directory)
        } catch let failure as BoxFailure {
            cgroups.remove(block.cgroupName)
            throw SpawnFailure(failure)
        } catch {
            cgroups.remove(block.cgroupName)
            throw error as? SpawnFailure ?? SpawnFailure(.kernel, step: "family", message: "\(error)")
        }
    }
}
