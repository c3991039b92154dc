import Glibc

/// One line on standard error for whoever runs the sandbox. Dropped rather than waited for: nobody may stop PID 1 by
/// not reading its log.
enum GuestLog {
    /// What a pipe that can be written to at all takes without blocking.
    private static let lineLimit = 4096

    static func write(_ line: String) {
        var polled = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, 0) == 1, polled.revents & Int16(POLLOUT) != 0 else { return }
        let bytes = Array("nestbox-guest: \(line)\n".utf8.prefix(lineLimit))
        // The last resort: where else could it be said that this failed?
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
