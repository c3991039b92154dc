import CLinux
import Glibc
import LinuxSystem

/// Waits for every child, its own and those that the kernel gives to PID 1.
final class ChildReaper: EventSource {
    private let signals: Descriptor
    private unowned let guest: Guest

    init(guest: Guest) throws(SyscallError) {
        signals = Descriptor(owning: try check("signalfd") { guest_child_signals() })
        self.guest = guest
        guest.loop.watch(signals.number, for: .read, self)
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        // Signals of one kind merge, so what counts is who can be reaped, not how many came.
        while read(descriptor, guest.loop.scratch.baseAddress, guest.loop.scratch.count) > 0 {}
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else {
                if pid < 0, errno == ECHILD { guest.processes.nobodyIsLeft() }
                return
            }
            guest.childEnded(pid)
        }
    }
}
