import CLinux
import Glibc
import GuestProtocol

/// The way to a socket below `DialSocket.root`. No symbolic link is followed, on the way or at its end, so whoever
/// writes to these directories cannot turn the guest elsewhere; and what is connected to is what was looked at.
struct SocketPath {
    let text: String
    /// From the root of the file system.
    private let names: [Substring]

    /// - Throws: `invalidArgument` for what is not below `DialSocket.root`, too long, too deep, or not in its one form.
    init(_ path: String) throws(GuestFailure) {
        try GuestFailure.refuseNUL(path, field: "socket path")
        let below = path.dropFirst(DialSocket.root.count).split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix(DialSocket.root), path.utf8.count <= DialSocket.pathBytes,
            below.count <= DialSocket.depthLimit, !below.contains(where: { ["", ".", ".."].contains($0) })
        else {
            throw GuestFailure(
                .invalidArgument, """
                    socket path '\(path)' is not \(DialSocket.root) and then 1 to \(DialSocket.depthLimit) names, \
                    at most \(DialSocket.pathBytes) bytes
                    """)
        }
        text = path
        names = path.dropFirst().split(separator: "/")
    }

    /// - Returns: a non-blocking connection, or nil if there is no such name yet.
    /// - Throws: `connectionRefused` if nobody listens; `resourceExhausted` if too many wait for who listens;
    ///   `invalidArgument` for a link, and for what is no stream socket.
    func connect() throws(GuestFailure) -> Int32? {
        guard let place = try open(depth: names.count, flags: 0) else { return nil }
        defer { close(place) }
        var status = stat()
        guard fstat(place, &status) == 0 else { throw GuestFailure(errorNumber: errno, text) }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw GuestFailure(.invalidArgument, "\(text): not a socket") }
        let socket = guest_connect_unix(place)
        guard socket >= 0 else { throw GuestFailure(errorNumber: errno, text) }
        return socket
    }

    /// Watches every directory on the way, as far as there are any.
    /// - Returns: the numbers of the watches.
    /// - Throws: `resourceExhausted` if the kernel watches no more; `invalidArgument` for a link.
    func watchWay(_ inotify: Int32) throws(GuestFailure) -> Set<Int32> {
        var watches: Set<Int32> = []
        for depth in 0..<names.count {
            guard let directory = try open(depth: depth, flags: O_DIRECTORY) else { break }
            defer { close(directory) }
            let watch = inotify_add_watch(inotify, "/proc/self/fd/\(directory)", Self.mask)
            guard watch >= 0 else { throw GuestFailure(errorNumber: errno == ENOSPC ? EMFILE : errno, text) }
            watches.insert(watch)
        }
        return watches
    }

    private static let mask = UInt32(IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

    /// The place at the end of the first `depth` names, without opening what is there.
    /// - Returns: nil if it is not there.
    private func open(depth: Int, flags: Int32) throws(GuestFailure) -> Int32? {
        let place = guest_open_beneath_root(depth == 0 ? "." : names.prefix(depth).joined(separator: "/"), flags)
        if place >= 0 { return place }
        if errno == ENOENT { return nil }
        throw GuestFailure(errorNumber: errno, text)
    }
}
