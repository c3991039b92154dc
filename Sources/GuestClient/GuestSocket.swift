import Glibc
import LinuxSystem
import NIOCore
import NIOPosix

/// The way to a unix socket whose path may be longer than `sun_path` holds.
struct GuestSocket {
    /// What `sockaddr_un.sun_path` takes besides its NUL.
    static let pathBytes = 107
    /// `O_PATH` of open(2), which `Glibc` shows only to GNU sources.
    private static let openPath: Int32 = 0o10000000

    let path: String
    /// Where waiting is done.
    let eventLoop: any EventLoop
    /// Goes on though the task is cancelled.
    var isOwed = false

    /// Connects, and tries again while the guest's backlog is full. `connect` is given the address to connect to.
    /// - Throws: `unreachable` if nobody listens; `timedOut(.connecting)` after `connectTimeout`; `cancelled`.
    func connecting<Connection>(
        _ connect: (SocketAddress) async throws -> Connection
    ) async throws(GuestClientError) -> Connection {
        let deadline = ContinuousClock.now + .nanoseconds(GuestClientLimits.connectTimeout.nanoseconds)
        var wait = GuestClientLimits.shortestWait
        while true {
            do {
                return try await withAddress(connect)
            } catch let error as IOError where error.errnoCode == EAGAIN {
                guard ContinuousClock.now + wait < deadline else { throw .timedOut(.connecting) }
                // Not a task's sleep, which a cancellation would end at once. An event loop that is gone ends it too.
                try? await eventLoop.scheduleTask(in: .nanoseconds(Int64(wait / .nanoseconds(1)))) {}.futureResult.get()
                if Task.isCancelled, !isOwed { throw .cancelled }
                wait = min(wait * 2, GuestClientLimits.longestWait)
            } catch let error as IOError where Self.meansNobody(error.errnoCode) {
                throw .unreachable(path)
            } catch let error as SyscallError where Self.meansNobody(error.number) {
                throw .unreachable(path)
            } catch is ChannelError {
                throw .timedOut(.connecting)
            } catch {
                throw GuestClientError(naming: error)
            }
        }
    }

    private static func meansNobody(_ number: Int32) -> Bool {
        [ECONNREFUSED, ENOENT, ENOTDIR, ECONNRESET].contains(number)
    }

    /// A path that is too long is reached through its directory, held open meanwhile.
    private func withAddress<Result>(_ body: (SocketAddress) async throws -> Result) async throws -> Result {
        guard path.utf8.count > Self.pathBytes, let slash = path.lastIndex(of: "/") else {
            return try await body(SocketAddress(unixDomainSocketPath: path))
        }
        let directory = String(path[..<slash])
        let descriptor = Descriptor(
            owning: try check("open", path: directory) { open(directory, Self.openPath | O_DIRECTORY | O_CLOEXEC) })
        let short = "/proc/self/fd/\(descriptor.number)\(path[slash...])"
        return try await body(SocketAddress(unixDomainSocketPath: short))
    }
}
