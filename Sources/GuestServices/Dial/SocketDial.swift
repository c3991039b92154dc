import CLinux
import Glibc
import GuestProtocol

extension Guest {
    func dialSocket(_ request: DialSocket, _ connection: Connection) throws(GuestFailure) {
        guard request.waitMilliseconds <= DialSocket.waitLimit else {
            throw GuestFailure(
                .invalidArgument,
                "a wait of \(request.waitMilliseconds) ms is over the limit of \(DialSocket.waitLimit)")
        }
        let path = try SocketPath(request.path)
        connection.handOver { descriptor, rest in
            SocketDial(client: descriptor, rest: rest, path: path, guest: self).begin(wait: request.waitMilliseconds)
        }
    }
}

/// A client that wants a socket of the sandbox, and waits for its name if need be. Ends as a relay, or with a failure.
final class SocketDial: EventSource {
    let path: SocketPath
    /// When it gives up, in monotonic milliseconds.
    private(set) var deadline: UInt64 = 0
    private let client: Int32
    private let rest: [UInt8]
    private unowned let guest: Guest

    /// Takes over `client`.
    init(client: Int32, rest: [UInt8], path: SocketPath, guest: Guest) {
        self.client = client
        self.rest = rest
        self.path = path
        self.guest = guest
    }

    func begin(wait: UInt32) {
        deadline = guest_monotonic_milliseconds() + UInt64(wait)
        guest.loop.watch(client, for: .hangUp, self)
        if look() { return }
        guard wait > 0 else { return giveUp() }
        do throws(GuestFailure) {
            try guest.socketWaits.add(self)
        } catch {
            refuse(error)
        }
    }

    /// - Returns: true if it is over: connected or refused.
    func look() -> Bool {
        do throws(GuestFailure) {
            guard let socket = try path.connect() else { return false }
            guest.loop.unwatch(client)
            Relay(client: client, rest: rest, port: socket, guest: guest).begin()
        } catch {
            refuse(error)
        }
        return true
    }

    func giveUp() {
        refuse(GuestFailure(errorNumber: ENOENT, path.text))
    }

    func refuse(_ failure: GuestFailure) {
        guest.loop.unwatch(client)
        guest.refuseDial(client, failure)
    }

    /// The client went away while it waited.
    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        guest.socketWaits.remove(self)
        guest.loop.unwatch(client)
        close(client)
        guest.connectionEnded()
    }
}
