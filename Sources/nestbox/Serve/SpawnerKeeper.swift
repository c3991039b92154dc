import CLinux
import Glibc
import LinuxSystem

/// Sees to it that a spawner serves: finds the one that is there, starts one where there is none, and knows by the
/// connection it holds when it dies. Used by one thread; never waits.
struct SpawnerKeeper: ~Copyable {
    enum State: Hashable {
        /// Descriptor of the connection.
        case connected(Int32)
        /// It becomes a daemon when it serves: this process ends then.
        case starting(pid_t, giveUpAt: Int64)
        case waiting(until: Int64)
        /// The first start failed: it would not be better the next time.
        case failed(String)
    }

    private static let startPatience: Int64 = 30_000
    private static let shortestWait: Int64 = 50
    private static let longestWait: Int64 = 5000
    static let logLimit = 8 << 20

    private(set) var state: State = .waiting(until: 0)
    private var hasServed = false
    private var wait = SpawnerKeeper.shortestWait
    private let socketPath: String
    private let child: ChildProcess

    init(socketPath: String, child: ChildProcess) {
        self.socketPath = socketPath
        self.child = child
    }

    var isConnected: Bool {
        if case .connected = state { true } else { false }
    }

    /// Takes the next step, if it is time for one.
    mutating func advance(now: Int64) {
        switch state {
        case .waiting(let until) where now >= until: connectOrStart(now)
        case .starting(let pid, let giveUpAt) where now >= giveUpAt:
            kill(pid, SIGKILL)  // its end is told by `childEnded`
        default: break
        }
    }

    /// Milliseconds until `advance` has something to do; -1 for never.
    func timeout(now: Int64) -> Int32 {
        switch state {
        case .waiting(let until): Int32(clamping: max(0, until - now))
        case .starting(_, let giveUpAt): Int32(clamping: max(0, giveUpAt - now))
        case .connected, .failed: -1
        }
    }

    /// The connection was hung up: the spawner is dead or dying.
    mutating func connectionEnded(now: Int64) {
        guard case .connected(let descriptor) = state else { return }
        close(descriptor)
        state = .waiting(until: now)
    }

    /// - Returns: whether the process was ours.
    mutating func childEnded(_ pid: pid_t, status: Int32, now: Int64) -> Bool {
        guard case .starting(pid, _) = state else { return false }
        if status == 0, connect() { return true }
        retryLater(now, "the spawner ended with status \(exitCode(ofStatus: status))")
        return true
    }

    private mutating func connectOrStart(_ now: Int64) {
        if connect() { return }
        do throws(ServeError) {
            state = .starting(try child.start(), giveUpAt: now + Self.startPatience)
        } catch {
            retryLater(now, error.description)
        }
    }

    private mutating func connect() -> Bool {
        let descriptor = nb_connect_packets(socketPath)
        guard descriptor >= 0 else { return false }
        state = .connected(descriptor)
        (hasServed, wait) = (true, Self.shortestWait)
        return true
    }

    private mutating func retryLater(_ now: Int64, _ cause: String) {
        guard hasServed else {
            state = .failed(cause)
            return
        }
        state = .waiting(until: now + wait)
        wait = min(wait * 2, Self.longestWait)
    }
}
