import SandboxModel

/// Turns the processor time that a sandbox has used so far into how busy it is: the difference to the sample before.
actor CPUMeter {
    private struct Sample {
        let microseconds: UInt64
        let at: Timestamp
    }

    private var last: [SandboxID: Sample] = [:]
    private var disks: [SandboxID: DiskFigures] = [:]

    /// Percent of one core since the last sample; since the sandbox's creation if there is none.
    func percent(_ microseconds: UInt64, of record: SandboxRecord, at now: Timestamp) -> Double {
        let since = last[record.id] ?? Sample(microseconds: 0, at: record.createdAt)
        let elapsed = Double(max(1, now.unixMilliseconds - since.at.unixMilliseconds)) * 1000
        // A counter that ran backwards is a sandbox made anew; it counts from zero.
        let used = microseconds >= since.microseconds ? microseconds - since.microseconds : microseconds
        return Double(used) / elapsed * 100
    }

    /// What later samples are compared with.
    func sampled(_ microseconds: UInt64, of id: SandboxID, at now: Timestamp) {
        last[id] = Sample(microseconds: microseconds, at: now)
    }

    /// The disk is asked for only when somebody wants to know; samples repeat the last answer.
    func note(_ disk: DiskFigures, of id: SandboxID) {
        disks[id] = disk
    }

    func disk(of record: SandboxRecord) -> DiskFigures {
        disks[record.id] ?? DiskFigures(used: 0, total: Int64(record.limits.diskMiB) << 20)
    }

    func keepOnly(_ ids: Set<SandboxID>) {
        last = last.filter { ids.contains($0.key) }
        disks = disks.filter { ids.contains($0.key) }
    }
}
