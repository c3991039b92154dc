import Glibc

extension SandboxCgroup {
    /// What it uses now. Counters of controllers that the tree was made without stay at their defaults.
    public func usage() throws(SyscallError) -> CgroupUsage {
        var usage = CgroupUsage()
        usage.cpuMicroseconds = try cpuMicroseconds()
        try readMemory(into: &usage)
        usage.outOfMemoryKills = try outOfMemoryKills()
        if let directory = legacyDirectory(.pids) ?? unifiedDirectoryIfHeld(.pids) {
            usage.processes = UInt32(clamping: try number(in: joined(directory, "pids.current")))
        }
        return usage
    }

    /// Processes that the kernel killed because this sandbox was out of memory; the one file of ``usage()``.
    public func outOfMemoryKills() throws(SyscallError) -> UInt64 {
        if let directory = legacyDirectory(.memory) {
            return try field("oom_kill", in: joined(directory, "memory.oom_control"))
        }
        guard let directory = unifiedDirectoryIfHeld(.memory) else { return 0 }
        return try field("oom_kill", in: joined(directory, "memory.events"))
    }

    private func cpuMicroseconds() throws(SyscallError) -> UInt64 {
        if let unified { return try field("usage_usec", in: joined(unified, "cpu.stat")) }
        guard let directory = legacyDirectory(.cpuacct) else { return 0 }
        return try number(in: joined(directory, "cpuacct.usage")) / 1000
    }

    private func readMemory(into usage: inout CgroupUsage) throws(SyscallError) {
        if let directory = legacyDirectory(.memory) {
            usage.memoryBytes = try number(in: joined(directory, "memory.usage_in_bytes"))
            usage.cacheBytes = try field("total_cache", in: joined(directory, "memory.stat"))
            usage.memoryLimitBytes = try number(in: joined(directory, "memory.limit_in_bytes"))
        } else if let directory = unifiedDirectoryIfHeld(.memory) {
            usage.memoryBytes = try number(in: joined(directory, "memory.current"))
            usage.cacheBytes = try field("file", in: joined(directory, "memory.stat"))
            usage.memoryLimitBytes = try number(in: joined(directory, "memory.max"))
        }
    }

    private func unifiedDirectoryIfHeld(_ controller: CgroupController) -> String? {
        unifiedControllers.contains(controller) ? unified : nil
    }

    /// A file with one number, or `max`.
    private func number(in path: String) throws(SyscallError) -> UInt64 {
        let text = try files.read(path).split(whereSeparator: \.isWhitespace).first ?? ""
        if text == "max" { return .max }
        guard let value = UInt64(text) else { throw SyscallError("parse", path: path, number: EBADMSG) }
        return value
    }

    /// The value of `key` in a file of lines `key value`; 0 if the kernel does not tell it.
    private func field(_ key: String, in path: String) throws(SyscallError) -> UInt64 {
        for line in try files.read(path).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key, let value = UInt64(words[1]) { return value }
        }
        return 0
    }
}
