import CLinux
import Glibc
import GuestProtocol

/// Dials that wait for the name of a socket to appear. All look again whenever something changes in a directory on the
/// way of one of them.
final class SocketWaits: EventSource {
    /// Dials that wait at once.
    static let limit = 64
    /// How long nobody has waited when the kernel gets its inotify back, in milliseconds: a sandbox has only so many.
    /// Closed right after its watches were, one keeps its process waiting for 10 to 20 ms; now it does not.
    static let rest: UInt64 = 2000

    private let loop: EventLoop
    private var waiting: [SocketDial] = []
    /// inotify(7), made for the first that waits.
    private var inotify: Int32 = -1
    /// When it is given back, while nobody waits.
    private var restEnd: UInt64?
    private var watches: Set<Int32> = []

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// When the next dial's time is up, or the rest is over.
    var deadline: UInt64? { waiting.map(\.deadline).min() ?? restEnd }

    /// - Throws: `resourceExhausted` if too many wait or the kernel watches no more; the dial does not wait then.
    func add(_ dial: SocketDial) throws(GuestFailure) {
        guard waiting.count < Self.limit else {
            throw GuestFailure(.resourceExhausted, "\(dial.path.text): \(Self.limit) dials wait already")
        }
        try open()
        watches.formUnion(try dial.path.watchWay(inotify))
        // The name may have come before the watch did.
        if dial.look() { return restIfIdle() }
        waiting.append(dial)
        restEnd = nil
    }

    func remove(_ dial: SocketDial) {
        waiting.removeAll { $0 === dial }
        restIfIdle()
    }

    /// Ends what has waited long enough.
    func expire(now: UInt64) {
        if let restEnd, restEnd <= now { giveBack() }
        let late = waiting.filter { $0.deadline <= now }
        guard !late.isEmpty else { return }
        waiting.removeAll { $0.deadline <= now }
        for dial in late { dial.giveUp() }
        restIfIdle()
    }

    /// What has changed does not matter: each dial looks for itself. One read a turn, so that a busy directory does
    /// not keep the loop from others.
    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        _ = read(descriptor, loop.scratch.baseAddress, loop.scratch.count)
        let former = watches
        watches = []
        waiting = waiting.filter { waitsOn($0) }
        for watch in former.subtracting(watches) { inotify_rm_watch(inotify, watch) }
        restIfIdle()
    }

    private func waitsOn(_ dial: SocketDial) -> Bool {
        do throws(GuestFailure) {
            watches.formUnion(try dial.path.watchWay(inotify))
        } catch {
            dial.refuse(error)
            return false
        }
        return !dial.look()
    }

    private func open() throws(GuestFailure) {
        guard inotify < 0 else { return }
        inotify = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard inotify >= 0 else { throw GuestFailure(errorNumber: errno, "inotify") }
        loop.watch(inotify, for: .read, self)
    }

    /// If nobody waits, nothing is watched.
    private func restIfIdle() {
        guard waiting.isEmpty else { return }
        for watch in watches { inotify_rm_watch(inotify, watch) }
        watches = []
        // What it tells of the watches that are gone does not begin the rest anew.
        if restEnd == nil { restEnd = guest_monotonic_milliseconds() + Self.rest }
    }

    private func giveBack() {
        loop.unwatch(inotify)
        close(inotify)
        inotify = -1
        restEnd = nil
    }
}
