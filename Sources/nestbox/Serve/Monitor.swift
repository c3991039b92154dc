import CLinux
import Glibc
import Layers
import LinuxSystem

/// The half of `nestbox serve` that keeps root: one thread, no network, no parsing of anything that a stranger wrote.
/// It prepares the data directory, sees to it that a spawner serves, starts the server without rights, passes signals
/// on to it, and ends as it ends.
struct Monitor: ~Copyable {
    private let settings: Settings
    private let user: ServerUser
    private let programs: Programs
    private let data: DataDirectory
    private let signals: Descriptor
    /// Only root may be able to open the key.
    private let tlsFiles: TLSFiles?
    private var spawner: SpawnerKeeper
    private var server: pid_t?
    /// Since when the server is to end, in monotonic milliseconds.
    private var stoppingSince: Int64?

    /// A server that takes longer to end, with all its sandboxes if it is to end them, is stuck, in milliseconds.
    private static let stopPatience: Int64 = 90_000
    private static let spawnerLog = "run/spawner.log"

    init(_ settings: Settings) throws(ServeError) {
        guard geteuid() == 0 else {
            throw ServeError(
                "serve needs root to make sandboxes (namespaces, cgroups, mounts): run it with sudo. "
                    + "The part that talks to the network gives root up at once. `nestbox run` works without root.")
        }
        let user = settings.user ?? .automatic
        let programs = try Programs()
        let layers = "\(settings.templates ?? programs.templates)/\(TemplateStore.layersDirectory)"
        guard access(layers, R_OK | X_OK) == 0 else {
            throw ServeError("\(layers) is not there: `make templates` makes it, --templates names another place")
        }
        let tlsFiles = try TLSFiles(settings)
        let data = try DataDirectory(settings.data, user: user)
        let signals = Descriptor(owning: try ServeError.check("signalfd", "") { nb_monitor_signals() })
        let log = try data.openLog(Self.spawnerLog, limit: SpawnerKeeper.logLimit)
        let null = try ServeError.check("open", "/dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) }
        var child = Self.spawner(settings, user, programs, instance: data.instance)
        child.descriptors = [(0, null), (1, null), (2, log.release())]
        self.settings = settings
        self.user = user
        self.programs = programs
        self.signals = signals
        self.tlsFiles = tlsFiles
        // By the open directory: a socket's address has room for a short path only.
        let socketPath = "/proc/self/fd/\(data.descriptor.number)/run/\(DataDirectory.socketName)"
        self.data = data
        spawner = SpawnerKeeper(socketPath: socketPath, child: child)
        raiseDescriptorLimit()
    }

    private static func spawner(
        _ settings: Settings, _ user: ServerUser, _ programs: Programs, instance: String
    ) -> ChildProcess {
        let templates = settings.templates ?? programs.templates
        return ChildProcess(
            executable: programs.spawner,
            arguments: [
                "--socket-dir", "\(settings.data)/run", "--socket", DataDirectory.socketName,
                "--data", settings.data, "--layers", "\(templates)/\(TemplateStore.layersDirectory)",
                "--guest", programs.guest, "--uid", "\(user.uid)", "--gid", "\(user.gid)",
                "--instance", instance, "--daemonize",
            ])
    }

    /// - Returns: the status to exit with, once the server has ended.
    mutating func run() throws(ServeError) -> Int32 {
        while true {
            let now = Self.milliseconds()
            spawner.advance(now: now)
            if case .failed(let cause) = spawner.state { throw spawnerFailed(cause) }
            if spawner.isConnected, server == nil {
                if stoppingSince != nil { return 0 }
                server = try startServer()
            }
            if let server, let since = stoppingSince, now - since >= Self.stopPatience { kill(server, SIGKILL) }
            try wait(milliseconds: timeout(now: now))
            if let status = try takeSignals() { return status }
            if stoppingSince != nil, server == nil { return 0 }
        }
    }

    private func timeout(now: Int64) -> Int32 {
        let spawners = spawner.timeout(now: now)
        guard let since = stoppingSince else { return spawners }
        let ours = Int32(clamping: max(100, since + Self.stopPatience - now))
        return spawners < 0 ? ours : min(spawners, ours)
    }

    private mutating func wait(milliseconds: Int32) throws(ServeError) {
        var watched = [pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)]
        if case .connected(let connection) = spawner.state {
            watched.append(pollfd(fd: connection, events: Int16(POLLIN), revents: 0))
        }
        try ServeError.check("poll", "") { poll(&watched, nfds_t(watched.count), milliseconds) }
        // It has nothing to say to us: whatever comes is its end.
        if watched.count > 1, watched[1].revents != 0 {
            Self.say("the spawner is gone; looking for it or starting it again")
            spawner.connectionEnded(now: Self.milliseconds())
        }
    }

    /// - Returns: the server's status if it has ended.
    private mutating func takeSignals() throws(ServeError) -> Int32? {
        while true {
            switch try ServeError.check("read", "signalfd", { nb_monitor_next_signal(signals.number) }) {
            case 0: return nil
            case SIGCHLD: if let status = reap() { return status }
            default:
                stoppingSince = stoppingSince ?? Self.milliseconds()
                if let server { kill(server, SIGTERM) }
            }
        }
    }

    private mutating func reap() -> Int32? {
        var result: Int32?
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            if pid == server { result = exitCode(ofStatus: status) }
            _ = spawner.childEnded(pid, status: status, now: Self.milliseconds())
        }
        return result
    }

    private func startServer() throws(ServeError) -> pid_t {
        let templates = settings.templates ?? programs.templates
        let directory = Descriptor(
            owning: try ServeError.check("open templates", templates) {
                open(templates, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        let key = try data.openKeyFile()
        let handover = ServerHandover(settings: settings, user: user, monitor: getpid(), makesKey: key != nil)
        let text: String
        do { text = try handover.text } catch { throw ServeError("the settings cannot be handed over: \(error)") }
        var child = ChildProcess(executable: programs.own, arguments: [ServerProgram.word, text])
        child.descriptors = [
            (ServerHandover.lockDescriptor, data.lock.number),
            (ServerHandover.dataDescriptor, data.descriptor.number),
            (ServerHandover.templatesDescriptor, directory.number),
        ]
        if let tlsFiles { child.descriptors += tlsFiles.handed }
        guard let key else { return try Self.start(child) }
        child.descriptors.append((ServerHandover.keyDescriptor, key.number))
        return try Self.start(child)
    }

    /// Ours are moved out of the way first: the child's numbers could be ours of something else.
    private static func start(_ child: ChildProcess) throws(ServeError) -> pid_t {
        var child = child
        var moved: [Int32] = []
        defer { moved.forEach { close($0) } }
        for index in child.descriptors.indices {
            let ours = child.descriptors[index].ours
            let copy = try ServeError.check("dup", "") { fcntl(ours, F_DUPFD_CLOEXEC, 32) }
            moved.append(copy)
            child.descriptors[index].ours = copy
        }
        return try child.start()
    }

    private func spawnerFailed(_ cause: String) -> ServeError {
        ServeError("\(cause); its last words are in \(settings.data)/\(Self.spawnerLog)")
    }

    /// Every connection and every sandbox in use is a descriptor of the server.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    static func say(_ text: String) {
        let line = Array("nestbox: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)  // nobody is left to tell that it failed
    }
}
