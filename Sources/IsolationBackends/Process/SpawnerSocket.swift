import Glibc
import SpawnerProtocol

/// A connected `SOCK_SEQPACKET` socket to the spawner: one message is one datagram. May be used from several threads;
/// the kernel keeps datagrams whole. Closed when the last owner lets go of it.
final class SpawnerSocket: Sendable {
    private let descriptor: Int32

    /// Takes over `descriptor`, which must be a connected `SOCK_SEQPACKET` socket and nobody else's.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Waits while the backlog is full: to be called from a thread that may block.
    /// - Returns: nil if nobody listens at `path`.
    convenience init?(path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard Self.connect(descriptor, path) else {
            close(descriptor)
            return nil
        }
        self.init(owning: descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Never waits: the datagram is in the kernel or was not sent.
    func send(_ bytes: [UInt8]) -> Bool {
        while true {
            let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if sent == bytes.count { return true }
            if sent >= 0 || errno != EINTR { return false }
        }
    }

    /// Waits for a datagram: to be called from a thread that may block.
    /// - Returns: nil once the other side is gone, after `hangUp()`, when the time set by `limitWait` is over, or for a
    ///   datagram over the protocol's limit.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: SpawnerRequest.datagramBytes)
        while true {
            // MSG_TRUNC makes the call tell the datagram's true length.
            let length = recv(descriptor, &buffer, buffer.count, Int32(MSG_TRUNC))
            if (1...buffer.count).contains(length) { return Array(buffer.prefix(length)) }
            if length >= 0 || errno != EINTR { return nil }
        }
    }

    /// How long `receive()` waits; 0 for as long as it takes.
    func limitWait(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends the conversation: a `receive()` under way returns nil.
    func hangUp() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private static func connect(_ descriptor: Int32, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
