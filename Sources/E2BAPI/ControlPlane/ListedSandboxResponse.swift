import SandboxModel

/// A sandbox as the lists show it.
struct ListedSandboxResponse: Encodable, Hashable {
    enum State: String, Encodable, CaseIterable {
        case running
        case paused
    }

    let templateID: String
    let alias: String?
    let sandboxID: String
    let clientID = SandboxResponse.clientID
    let startedAt: String
    let endAt: String
    let cpuCount: Int
    let memoryMB: Int
    let diskSizeMB: Int
    let metadata: [String: String]
    let state = State.running
    let envdVersion = SandboxResponse.envdVersion

    init(_ record: SandboxRecord) {
        templateID = record.templateID
        alias = record.templateAlias
        sandboxID = record.id.text
        startedAt = WireTime.text(record.createdAt)
        endAt = WireTime.text(record.endsAt)
        cpuCount = record.limits.cpuCount
        memoryMB = record.limits.memoryMiB
        diskSizeMB = record.limits.diskMiB
        metadata = record.metadata
    }
}
