import GuestProtocol
import WireCoding

/// At least one of every message, with its optional parts and without.
enum Samples {
    static let path = FilePath("/tmp/ü", user: "user")
    static let size = TerminalSize(columns: 80, rows: 24)
    static let input = ProcessInput(channel: .terminal, bytes: [0, 255, 10])
    static let pairs = [WirePair(name: "A", value: "1"), WirePair(name: "", value: "=")]

    static let entry = FileEntry(
        name: "n", path: "/n", kind: .symbolicLink, isSymbolicLink: true, size: -1, mode: 0o777, ownMode: 0o120777,
        owner: "user", group: "1000", modifiedNanoseconds: .min, symlinkTarget: "/t", metadata: pairs)

    static let requests: [GuestRequest] = [
        .configure(
            Configuration(
                environment: pairs, reservedEnvironment: [], defaultUser: "u", defaultWorkingDirectory: "/w")),
        .configure(Configuration(environment: [], reservedEnvironment: pairs, defaultUser: "")),
        .startProcess(StartProcess(command: "c", arguments: [])),
        .startProcess(
            StartProcess(
                command: "c", arguments: ["a", ""], environment: pairs, workingDirectory: "~", user: "u", tag: "t",
                terminal: size, input: .pipe, timeoutMilliseconds: .max)),
        .attachProcess(.pid(7)), .attachProcess(.tag("t")), .sendInput(.tag("t"), input), .streamInput(.pid(.max)),
        .closeInput(.pid(0)), .signal(.pid(1), 64), .resizeTerminal(.tag(""), size), .listProcesses, .stat(path),
        .listDirectory(ListDirectory(path: path, depth: 3)), .makeDirectory(FilePath("")),
        .move(MoveFile(source: path, destination: "/d")), .remove(path),
        .readFile(ReadFile(path: path)), .readFile(ReadFile(path: path, offset: 1, length: .max)),
        .writeFile(WriteFile(path: path, metadata: pairs)),
        .composeFiles(ComposeFiles(sources: ["/a", "/b"], destination: path)),
        .watchDirectory(
            WatchDirectory(path: path, isRecursive: true, includesEntry: false, allowsNetworkMounts: true)),
        .dial(49983), .diskUsage, .ping, .dialSocket(DialSocket(path: "/run/nestbox/ü.sock", waitMilliseconds: .max)),
        .dialSocket(DialSocket(path: "")), .signalGroup(.max, 2),
    ]

    static let replies: [GuestReply] = [
        .ok, .failure(GuestFailure(.unknownUser, "invalid username: 'x'", errorNumber: -1)), .started(.max),
        .output(ProcessOutput(channel: .standardError, bytes: [1])), .missed(.max),
        .exited(ProcessExit(code: -1, signal: 9, timedOut: true)),
        .process(
            ProcessDescription(
                pid: 1, tag: nil, command: "c", arguments: ["a"], environment: pairs, workingDirectory: nil)),
        .entry(entry), .bytes([]), .bytes([1, 2, 3]), .event(FileEvent(kind: .chmod, name: "n", entry: entry)),
        .event(FileEvent(kind: .create, name: "n", entry: nil)), .disk(DiskUsage(usedBytes: 1, totalBytes: 2)), .end,
    ]

    static let followUps: [GuestFollowUp] = [.input(input), .bytes([]), .bytes([9]), .end]
}

/// The same sequence for the same seed: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
