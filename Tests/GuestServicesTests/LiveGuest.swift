import CLinux
import Glibc
import GuestProtocol
import Testing
import WireCoding

/// A real `nestbox-guest`, lent to one test: its process, its socket, and a directory to work in.
struct LiveGuest {
    let directory: String
    let processID: pid_t
    var socketPath: String { directory + "/guest.sock" }

    /// The user whom the tests run as.
    static let user = String(cString: getpwuid(geteuid()).pointee.pw_name)

    func open(_ request: GuestRequest) throws -> GuestCall {
        let call = try GuestCall(socketPath)
        try call.send(request.frame)
        return call
    }

    /// The only reply to a request.
    func ask(_ request: GuestRequest) throws -> GuestReply {
        try #require(try open(request).next())
    }

    /// Starts `/bin/sh -c script` and takes its first reply.
    func start(_ script: String, change: (inout StartProcess) -> Void = { _ in }) throws -> (GuestCall, UInt32) {
        var request = StartProcess(command: "/bin/sh", arguments: ["-c", script], workingDirectory: directory)
        change(&request)
        let call = try open(.startProcess(request))
        guard case .started(let pid) = try call.next() else { throw LiveGuestError.unexpectedReply }
        return (call, pid)
    }

    /// Runs a script to its end.
    func run(_ script: String, change: (inout StartProcess) -> Void = { _ in }) throws -> FinishedCommand {
        try start(script, change: change).0.finish()
    }

    func path(_ name: String) -> FilePath { FilePath(directory + "/" + name) }

    func write(_ name: String, _ text: String, metadata: [WirePair] = []) throws -> FileEntry {
        let call = try open(.writeFile(WriteFile(path: path(name), metadata: metadata)))
        try call.send(GuestFollowUp.bytes(Array(text.utf8)).frame)
        try call.send(GuestFollowUp.end.frame)
        guard case .entry(let entry) = try call.next() else { throw LiveGuestError.unexpectedReply }
        return entry
    }

    /// The same, request and contents in one piece.
    func writeAtOnce(_ name: String, _ text: String, metadata: [WirePair] = []) throws -> GuestReply {
        let call = try GuestCall(socketPath)
        let request = GuestRequest.writeFile(WriteFile(path: path(name), metadata: metadata))
        let frames = [request.frame, GuestFollowUp.bytes(Array(text.utf8)).frame, GuestFollowUp.end.frame]
        try call.send(raw: frames.flatMap(\.bytes))
        return try #require(try call.next())
    }

    func read(_ path: FilePath, offset: UInt64 = 0, length: UInt64? = nil) throws -> [UInt8] {
        let call = try open(.readFile(ReadFile(path: path, offset: offset, length: length)))
        guard case .entry = try call.next() else { throw LiveGuestError.unexpectedReply }
        var contents: [UInt8] = []
        while let reply = try call.next() {
            if case .bytes(let bytes) = reply { contents += bytes } else if reply == .end { return contents }
        }
        throw LiveGuestError.unexpectedReply
    }
}

enum LiveGuestError: Error {
    case unexpectedReply
    case failedToStart(Int32)
    case timedOut
}

/// What a command said, and how it ended.
struct FinishedCommand {
    var standardOutput: [UInt8] = []
    var standardError: [UInt8] = []
    var terminal: [UInt8] = []
    var missed: UInt64 = 0
    var exit = ProcessExit(code: -1)

    var text: String { String(decoding: standardOutput, as: UTF8.self) }
    var terminalText: String { String(decoding: terminal, as: UTF8.self) }
}

/// Runs `body` with a guest of its own; afterwards neither it nor its directory is left.
/// - Parameter isFirst: as PID 1 of a pid namespace, with a `/run` of its own; only root can make these.
func withGuest<Result>(
    configured: Bool = true, isFirst: Bool = false, _ body: (LiveGuest) throws -> Result
) throws -> Result {
    var template = Array("/tmp/nestbox-guest-test-XXXXXX".utf8CString)
    let directory = String(cString: mkdtemp(&template))
    defer { removeTree(directory) }
    let listener = try listen(directory + "/guest.sock")
    defer { close(listener) }
    let guest = LiveGuest(directory: directory, processID: try spawnGuest(listener, isFirst: isFirst))
    defer {
        // Its supervisors end the commands when it is gone.
        kill(guest.processID, SIGKILL)
        waitpid(guest.processID, nil, 0)
    }
    if configured {
        let configuration = Configuration(
            environment: [], reservedEnvironment: [WirePair(name: "E2B_SANDBOX", value: "true")],
            defaultUser: LiveGuest.user, defaultWorkingDirectory: directory)
        try #require(try guest.ask(.configure(configuration)) == .ok)
    }
    return try body(guest)
}

private func listen(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let result = withUnixAddress(path) { bind(descriptor, $0, $1) }
    guard result == 0, Glibc.listen(descriptor, 128) == 0 else { throw LiveGuestError.failedToStart(errno) }
    return descriptor
}

func withUnixAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}

/// The program that was built beside the tests.
private func spawnGuest(_ listener: Int32, isFirst: Bool) throws -> pid_t {
    var link = [CChar](repeating: 0, count: 4096)
    readlink("/proc/self/exe", &link, link.count - 1)
    let program = String(cString: dirname(&link)) + "/nestbox-guest"
    // Moved above 3 first: dup2 onto itself would leave close-on-exec set.
    let high = fcntl(listener, F_DUPFD_CLOEXEC, 10)
    defer { close(high) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, high, 3)
    let unshare = [
        "/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-c",
        "mount -t tmpfs run /run && exec \"$0\"",
    ]
    var arguments = ((isFirst ? unshare : []) + [program]).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, isFirst ? unshare[0] : program, &actions, nil, &arguments, &variables)
    guard result == 0 else { throw LiveGuestError.failedToStart(result) }
    return pid
}

private func removeTree(_ path: String) {
    guard let directory = opendir(path) else {
        unlink(path)
        return
    }
    var type: UInt8 = 0
    while let name = guest_next_name(directory, &type) {
        let child = path + "/" + String(cString: name)
        if Int(type) == Int(DT_DIR) { removeTree(child) } else { unlink(child) }
    }
    closedir(directory)
    rmdir(path)
}

/// Asks again until `condition` holds: for what the kernel does in its own time and tells nobody.
func eventually(_ condition: () throws -> Bool) throws {
    let end = guest_monotonic_milliseconds() + 10_000
    while try !condition() {
        guard guest_monotonic_milliseconds() < end else { throw LiveGuestError.timedOut }
        poll(nil, 0, 5)
    }
}
