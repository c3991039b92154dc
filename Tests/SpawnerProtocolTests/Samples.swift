import SpawnerProtocol
import WireCoding

/// One of each message, with every field set to something that shows if two are swapped.
enum Samples {
    static let sandbox = CreateSandbox(
        sandboxID: "iabc", templateID: "base", family: "default-base", hostname: "box",
        layers: [String(repeating: "a", count: 64), String(repeating: "b", count: 64)],
        limits: SpawnLimits(
            memoryBytes: 1 << 29, cpuMilli: 1500, processes: 64, openFiles: 1024, diskBytes: 1 << 40,
            diskInodes: 65_536),
        noNewPrivileges: true, deadlineMilliseconds: 1_700_000_000_000)

    static let zygote = StartZygote(
        family: "default-base", templateID: "base", layers: [String(repeating: "a", count: 64)],
        arguments: ["/usr/bin/python3", "-m", "warm"], environment: [WirePair(name: "A", value: "b")],
        limits: sandbox.limits, noNewPrivileges: false)

    static let requests: [SpawnerRequest] = [
        SpawnerRequest(number: 1, operation: .hello(protocolVersion: SpawnerRequest.protocolVersion)),
        SpawnerRequest(number: 2, operation: .create(sandbox)),
        SpawnerRequest(number: 3, operation: .setDeadline(sandboxID: "iabc", deadlineMilliseconds: .max)),
        SpawnerRequest(number: 4, operation: .destroy(sandboxID: "iabc")),
        SpawnerRequest(number: .max, operation: .list),
        SpawnerRequest(number: 6, operation: .usage(sandboxID: "iabc")),
        SpawnerRequest(number: 7, operation: .startZygote(zygote)),
        SpawnerRequest(number: 8, operation: .endZygote(family: "default-base")),
        SpawnerRequest(number: 9, operation: .land(sandboxID: "iabc", payload: [0, 255])),
    ]

    static let usage = SandboxUsage(
        cpuMicroseconds: 1, memoryBytes: 2, cacheBytes: 3, memoryLimitBytes: 4, processes: 5, outOfMemoryKills: 6)

    static let answers: [SpawnerAnswer] = [
        SpawnerAnswer(number: 1, content: .welcome(protocolVersion: 1, bootID: "e1")),
        SpawnerAnswer(number: 2, content: .created),
        SpawnerAnswer(number: 3, content: .done),
        SpawnerAnswer(
            number: 4,
            content: .failed(SpawnFailure(.kernel, step: "mount overlay", errorNumber: -22, message: "no"))),
        SpawnerAnswer(
            number: 5,
            content: .sandboxes(
                [
                    RunningSandboxDescription(sandboxID: "iabc", hostPid: 7, deadlineMilliseconds: 8),
                    RunningSandboxDescription(sandboxID: "idef", hostPid: -1, deadlineMilliseconds: 0),
                ], isLast: true)),
        SpawnerAnswer(number: 6, content: .usage(usage)),
        SpawnerAnswer(number: 0, content: .ended(sandboxID: "iabc", .outOfMemory)),
        SpawnerAnswer(number: 9, content: .landed(pid: .max)),
        SpawnerAnswer(number: 0, content: .zygoteEnded(family: "default-base")),
    ]
}
