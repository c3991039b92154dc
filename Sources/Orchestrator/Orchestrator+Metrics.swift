import Isolation
import Persistence
import SandboxModel

extension Orchestrator {
    /// Measurements between the two moments, oldest first, the newest taken now if the range has the present in it.
    public func metrics(
        _ id: SandboxID, from: Timestamp?, to: Timestamp?, for principal: Principal
    ) async throws(OrchestratorError) -> [SandboxMetrics] {
        let live = try await owned(id, principal)
        let now = parts.clock.now
        var samples = try await OrchestratorError.storing { () throws(StoreError) in
            try await parts.metrics.metrics(
                of: id, tenant: principal.tenant, from: from ?? live.record.createdAt, to: to ?? now)
        }
        let isNowInRange = (from.map { $0 <= now } ?? true) && (to.map { $0 >= now } ?? true)
        if isNowInRange { samples.append(try await metricsNow(live)) }
        return samples
    }

    /// What the sandbox uses now, of CPU and memory (the backend's) and disk (the guest's).
    public func metricsNow(_ sandbox: LiveSandbox) async throws(OrchestratorError) -> SandboxMetrics {
        let id = sandbox.record.id
        let usage = try await OrchestratorError.asking(about: id) { () throws(BackendError) in
            try await parts.backend.usage(id)
        }
        do {
            await meter.note(try await parts.guest.diskUsage(sandbox), of: id)
        } catch {
            // A guest that does not answer for its disk must not hide what is known of its memory.
            parts.log.warning(
                "a guest did not tell its disk's use", metadata: ["sandbox.id": "\(id)", "error": "\(error)"])
        }
        return await measured(usage, sandbox.record, at: parts.clock.now)
    }

    private func measured(_ usage: BackendUsage, _ record: SandboxRecord, at now: Timestamp) async -> SandboxMetrics {
        let disk = await meter.disk(of: record)
        return SandboxMetrics(
            at: now, cpuCount: record.limits.cpuCount,
            cpuUsedPercent: await meter.percent(usage.cpuMicroseconds, of: record, at: now),
            memoryUsedBytes: Int64(clamping: usage.memoryBytes),
            memoryTotalBytes: Int64(clamping: usage.memoryLimitBytes),
            memoryCacheBytes: Int64(clamping: usage.cacheBytes), diskUsedBytes: disk.used, diskTotalBytes: disk.total)
    }

    /// One round of measurements of all that are alive.
    func sampleAll() async {
        let all = await allLive()
        await meter.keepOnly(Set(all.map(\.record.id)))
        let samples = await withTaskGroup(of: MetricSample?.self) { group in
            var samples: [MetricSample] = []
            for (index, live) in all.enumerated() {
                if index >= Self.concurrency, let sample = await group.next() ?? nil { samples.append(sample) }
                group.addTask { await sample(live.record) }
            }
            for await sample in group { if let sample { samples.append(sample) } }
            return samples
        }
        do throws(StoreError) {
            try await parts.metrics.record(samples)
        } catch {
            parts.log.error("measurements could not be stored", metadata: ["error": "\(error)"])
        }
    }

    private func sample(_ record: SandboxRecord) async -> MetricSample? {
        // It ended meanwhile, or the spawner is being started again: there is nothing to measure now.
        guard let usage = try? await parts.backend.usage(record.id) else { return nil }
        let now = parts.clock.now
        let metrics = await measured(usage, record, at: now)
        await meter.sampled(usage.cpuMicroseconds, of: record.id, at: now)
        return MetricSample(sandbox: record.id, tenant: record.tenant, metrics: metrics)
    }
}
