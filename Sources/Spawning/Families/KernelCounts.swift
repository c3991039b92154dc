import CLinux
import LinuxSystem

/// What one sandbox may have of what the kernel counts by user, all of its users together. Without an end of its own, a
/// sandbox could take what the kernel has for everybody.
enum KernelCounts {
    /// What a user of an ordinary Linux may have.
    static let inotifyInstances: UInt32 = 128
    /// One watch of the file API on a whole tree may be as large.
    static let inotifyWatches: UInt32 = 65_536
    /// Signals that wait, and POSIX timers.
    static let pendingSignals: UInt64 = 1024
    /// Three queues as they are when nobody says how large: the kernel's own limit is ten for all of the host.
    static let messageQueueBytes: UInt64 = 256 << 10
    /// Of System V shared memory, and of each process by mlock(2).
    static let lockedBytes: UInt64 = 1 << 20

    /// Those that are limits of a process, too. They are only ever lowered.
    static var resourceLimits: [BoxPrivileges.ResourceLimit] {
        [
            .init(signalLimit, pendingSignals), .init(messageQueueLimit, messageQueueBytes),
            .init(lockedMemoryLimit, lockedBytes),
        ]
    }

    // asm-generic/resource.h: RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK.
    private static let signalLimit: Int32 = 11
    private static let messageQueueLimit: Int32 = 12
    private static let lockedMemoryLimit: Int32 = 8

    /// The family's namespace holds each of its sandboxes to these.
    static func withInotify<Result>(_ body: (UnsafeBufferPointer<nb_count>) -> Result) -> Result {
        "inotify_instances".withCString { instances in
            "inotify_watches".withCString { watches in
                [nb_count(name: instances, most: inotifyInstances), nb_count(name: watches, most: inotifyWatches)]
                    .withUnsafeBufferPointer(body)
            }
        }
    }
}
