import Glibc

extension SandboxCgroup {
    /// Puts the limits in force, each in the hierarchy that holds its controller.
    func apply(_ limits: CgroupLimits) throws(SyscallError) {
        if let bytes = limits.memoryBytes { try limitMemory(to: bytes) }
        if let quota = limits.quotaMicroseconds { try limitCPU(to: quota) }
        if let count = limits.processes { try files.write(String(count), try file("pids.max", of: .pids)) }
    }

    private func limitMemory(to bytes: UInt64) throws(SyscallError) {
        if let directory = legacyDirectory(.memory) {
            // In this order: memory and swap together may not be less than memory alone. Where the sum is not counted,
            // the host's wish to swap is the next best thing to turn off.
            try files.write(String(bytes), joined(directory, "memory.limit_in_bytes"))
            if try !writeIfPresent(String(bytes), joined(directory, "memory.memsw.limit_in_bytes")) {
                try writeIfPresent("0", joined(directory, "memory.swappiness"))
            }
            // What sockets of TCP and UDP hold is not in that count, and is not counted at all unless it is limited.
            let socketBytes = String(bytes / CgroupLimits.socketShare)
            try writeIfPresent(socketBytes, joined(directory, "memory.kmem.tcp.limit_in_bytes"))
        } else {
            let directory = try unifiedDirectory(.memory)
            try files.write(String(bytes), joined(directory, "memory.max"))
            try writeIfPresent("0", joined(directory, "memory.swap.max"))
            // One process too big is one process killed; the guest lives and reports it.
            try writeIfPresent("0", joined(directory, "memory.oom.group"))
        }
    }

    /// Raises the limit of memory, which is lower or the same now.
    public func raiseMemory(to bytes: UInt64) throws(SyscallError) {
        if let directory = legacyDirectory(.memory) {
            try writeIfPresent(String(bytes), joined(directory, "memory.memsw.limit_in_bytes"))
            try files.write(String(bytes), joined(directory, "memory.limit_in_bytes"))
        } else {
            try files.write(String(bytes), joined(try unifiedDirectory(.memory), "memory.max"))
        }
    }

    private func limitCPU(to quota: UInt64) throws(SyscallError) {
        if let directory = legacyDirectory(.cpu) {
            // The period of a new cgroup is the one that we count in.
            try files.write(String(quota), joined(directory, "cpu.cfs_quota_us"))
        } else {
            let value = "\(quota) \(CgroupLimits.periodMicroseconds)"
            try files.write(value, joined(try unifiedDirectory(.cpu), "cpu.max"))
        }
    }

    /// A kernel without swap accounting has no such file: false, and then no such thing to limit.
    @discardableResult
    private func writeIfPresent(_ value: String, _ path: String) throws(SyscallError) -> Bool {
        do { try files.write(value, path) } catch where error.number == ENOENT { return false }
        return true
    }

    private func file(_ name: String, of controller: CgroupController) throws(SyscallError) -> String {
        if let directory = legacyDirectory(controller) { return joined(directory, name) }
        return joined(try unifiedDirectory(controller), name)
    }

    func legacyDirectory(_ controller: CgroupController) -> String? {
        legacy.first { $0.controllers.contains(controller) }?.directory
    }

    private func unifiedDirectory(_ controller: CgroupController) throws(SyscallError) -> String {
        guard let unified, unifiedControllers.contains(controller) else {
            throw SyscallError("cgroup", path: controller.rawValue, number: ENOTSUP)
        }
        return unified
    }
}
