import Glibc
import GuestServices
import LinuxSystem

/// PID 1 of a sandbox. Descriptor 3 is its listening socket; there is nothing else to be told before the first client.
let listeningSocket: Int32 = 3

do throws(SyscallError) {
    try Guest(listener: listeningSocket).run()
} catch {
    let message = "nestbox-guest: \(error)\n"
    // The last word before the end: if even that cannot be said, nobody listens.
    _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(1)
}
