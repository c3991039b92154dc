import CLinux
import Glibc
import GuestProtocol

extension Guest {
    func dial(_ port: UInt16, _ connection: Connection) {
        connection.handOver { descriptor, rest in
            Dial(client: descriptor, rest: rest, port: port, guest: self).begin()
        }
    }

    /// Ends a dial that comes to nothing. A frame of this size fits in an empty socket buffer, so one write is enough.
    func refuseDial(_ client: Int32, _ failure: GuestFailure) {
        var reply = OutgoingBytes()
        reply.append(GuestReply.failure(failure).frame.bytes)
        _ = reply.write(to: client)
        close(client)
        connectionEnded()
    }
}

/// A connection to a port inside that is being made: over IPv4, then IPv6. Ends as a relay, or with a failure.
final class Dial: EventSource {
    private let client: Int32
    private let rest: [UInt8]
    private let port: UInt16
    private unowned let guest: Guest
    private var families = [AF_INET, AF_INET6]
    private var socket: Int32 = -1

    /// Takes over `client`.
    init(client: Int32, rest: [UInt8], port: UInt16, guest: Guest) {
        self.client = client
        self.rest = rest
        self.port = port
        self.guest = guest
    }

    func begin() {
        guest.loop.watch(client, for: .hangUp, self)
        tryNextFamily(after: ECONNREFUSED)
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        if descriptor == client { return end() }
        let error = guest_socket_error(socket)
        if error != 0 { return tryNextFamily(after: error) }
        guest.loop.unwatch(client)
        guest.loop.unwatch(socket)
        Relay(client: client, rest: rest, port: socket, guest: guest).begin()
    }

    private func tryNextFamily(after error: Int32) {
        closeSocket()
        guard !families.isEmpty else {
            guest.loop.unwatch(client)
            return guest.refuseDial(client, GuestFailure(errorNumber: error, "port \(port)"))
        }
        socket = guest_connect_loopback(families.removeFirst(), port)
        if socket >= 0 { return guest.loop.watch(socket, for: .write, self) }
        // Where there is no IPv6 the answer of IPv4 is the one to give.
        let isMissing = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL
        tryNextFamily(after: isMissing ? error : errno)
    }

    /// The client went away.
    private func end() {
        closeSocket()
        guest.loop.unwatch(client)
        close(client)
        guest.connectionEnded()
    }

    private func closeSocket() {
        guard socket >= 0 else { return }
        guest.loop.unwatch(socket)
        close(socket)
        socket = -1
    }
}
