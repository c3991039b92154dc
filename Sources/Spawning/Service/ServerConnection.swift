import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol
import WireCoding

/// One connection of the server. It never blocks: what does not fit is kept, up to a limit.
final class ServerConnection {
    let socket: Descriptor
    /// Whether it has said hello in a version that we speak.
    var isWelcome = false
    private var outbox: [[UInt8]] = []

    /// A server that takes this little of what it is told is broken, and is cut off.
    private static let outboxLimit = 16_384

    /// Why a connection is over.
    enum End: Error {
        case closed
        case failed(SyscallError)
        case nonsense(WireError)
        case tooSlow
    }

    init(_ socket: consuming Descriptor) {
        self.socket = socket
    }

    var hasMoreToSend: Bool { !outbox.isEmpty }

    /// The next request; `nil` if none is there yet.
    func receive() throws(End) -> SpawnerRequest? {
        var bytes = [UInt8](repeating: 0, count: SpawnerRequest.datagramBytes)
        var descriptor: Int32 = -1
        let count = nb_receive(socket.number, &bytes, bytes.count, &descriptor, 0)
        if descriptor >= 0 { close(descriptor) }  // no request has one
        if count == 0 { throw .closed }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw .failed(SyscallError("recvmsg"))
        }
        do { return try SpawnerRequest(wireBytes: Array(bytes.prefix(count))) } catch { throw .nonsense(error) }
    }

    func send(_ answer: SpawnerAnswer) throws(End) {
        guard outbox.count < Self.outboxLimit else { throw .tooSlow }
        outbox.append(answer.wireBytes)
        try flush()
    }

    /// Sends as much of what is kept as fits.
    func flush() throws(End) {
        while let first = outbox.first {
            if nb_send(socket.number, first, first.count, -1) < 0 {
                if errno == EAGAIN || errno == EINTR || errno == ENOBUFS { return }
                throw .failed(SyscallError("sendmsg"))
            }
            outbox.removeFirst()
        }
    }
}
