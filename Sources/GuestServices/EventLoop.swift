import CLinux
import Glibc
import LinuxSystem
import WireCoding

/// What a source waits for. Errors and hang-ups are told with any of them; `.hangUp` alone waits for nothing else.
struct Interest: OptionSet {
    let rawValue: UInt8
    static let read = Interest(rawValue: 1)
    static let write = Interest(rawValue: 2)
    static let hangUp = Interest(rawValue: 4)

    fileprivate var events: UInt32 {
        (contains(.read) ? EPOLLIN.rawValue : 0) | (contains(.write) ? EPOLLOUT.rawValue : 0)
    }
}

/// What a descriptor is ready for.
struct Readiness {
    fileprivate let events: UInt32
    var isReadable: Bool { events & EPOLLIN.rawValue != 0 }
    var isWritable: Bool { events & EPOLLOUT.rawValue != 0 }
    /// Both directions are over, or the descriptor has failed.
    var isHungUp: Bool { events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
}

/// The owner of a descriptor in the loop.
protocol EventSource: AnyObject {
    func becameReady(_ readiness: Readiness, descriptor: Int32)
}

/// The one thread of the guest: tells sources when their descriptors are ready, level-triggered. Owns no descriptor but
/// its own; a source takes its descriptor out before it closes it.
final class EventLoop {
    private struct Registration {
        let source: any EventSource
        let generation: UInt32
        var interest: Interest
    }

    private static let batch = 64

    /// For reads; what is in it is good until the next one.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireLimits.chunkBytes, alignment: 64)
    private let epoll: Descriptor
    private var registrations: [Int32: Registration] = [:]
    private var ready = [guest_ready](repeating: guest_ready(), count: batch)
    private var generation: UInt32 = 0
    /// What the kernel had no room to wait for; told as failed on the next turn.
    private var refused: [UInt64] = []

    init() throws(SyscallError) {
        epoll = Descriptor(owning: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    deinit {
        scratch.deallocate()
    }

    /// Sets what `source` waits for on `descriptor`. An empty interest takes it out of the loop: a descriptor that is
    /// hung up but not yet to be read would otherwise wake the loop for ever.
    func watch(_ descriptor: Int32, for interest: Interest, _ source: any EventSource) {
        guard !interest.isEmpty else { return unwatch(descriptor) }
        if let known = registrations[descriptor] {
            guard known.interest != interest else { return }
            registrations[descriptor]?.interest = interest
            let token = Self.token(descriptor, known.generation)
            guest_epoll_modify(epoll.number, descriptor, interest.events, token)
            return
        }
        generation &+= 1
        registrations[descriptor] = Registration(source: source, generation: generation, interest: interest)
        let token = Self.token(descriptor, generation)
        if guest_epoll_add(epoll.number, descriptor, interest.events, token) < 0 { refused.append(token) }
    }

    func unwatch(_ descriptor: Int32) {
        guard registrations.removeValue(forKey: descriptor) != nil else { return }
        guest_epoll_remove(epoll.number, descriptor)
    }

    /// Waits once, at most until `deadline` (monotonic milliseconds), and tells the sources.
    func turn(deadline: UInt64?) throws(SyscallError) {
        for token in refused { tell(token, EPOLLERR.rawValue) }
        refused = []
        let timeout = Self.timeout(until: deadline)
        let count = guest_epoll_wait(epoll.number, &ready, Int32(Self.batch), timeout)
        if count < 0, errno != EINTR { throw SyscallError("epoll_wait") }
        for index in 0..<max(0, Int(count)) { tell(ready[index].token, ready[index].events) }
    }

    private func tell(_ token: UInt64, _ events: UInt32) {
        let descriptor = Int32(truncatingIfNeeded: token)
        // A source earlier in this batch may have closed this descriptor, and another may have got its number.
        guard let registration = registrations[descriptor], registration.generation == UInt32(token >> 32) else {
            return
        }
        registration.source.becameReady(Readiness(events: events), descriptor: descriptor)
    }

    private static func token(_ descriptor: Int32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    }

    private static func timeout(until deadline: UInt64?) -> Int32 {
        guard let deadline else { return -1 }
        let now = guest_monotonic_milliseconds()
        return deadline <= now ? 0 : Int32(clamping: deadline - now)
    }
}
