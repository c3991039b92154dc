import CLinux
import Glibc
import LinuxSystem

/// The listening socket. Takes clients while the guest has room for them.
final class Listener: EventSource {
    private let descriptor: Descriptor
    private unowned let guest: Guest

    init(_ number: Int32, guest: Guest) throws(SyscallError) {
        descriptor = Descriptor(owning: number)
        self.guest = guest
        try check("fcntl", path: "listener") { guest_set_close_on_exec(number) }
        try check("fcntl", path: "listener") { guest_set_blocking(number, 0) }
        resume()
    }

    /// Listens again, if there is room.
    func resume() {
        guest.loop.watch(descriptor.number, for: guest.takesConnections ? .read : [], self)
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        let accepted = guest_accept(descriptor)
        if accepted >= 0 {
            guest.accepted(accepted)
            resume()
        } else if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
            // Until some connection ends: waiting for the same client again would be a busy loop.
            guest.loop.unwatch(descriptor)
        }
    }
}
