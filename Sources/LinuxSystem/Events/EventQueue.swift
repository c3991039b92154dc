import CLinux
import Glibc

/// Waits for many descriptors at once. A descriptor that is closed everywhere leaves the queue by itself.
public struct EventQueue: ~Copyable {
    private let descriptor: Descriptor
    private static let tokensPerWait = 64

    public init() throws(SyscallError) {
        descriptor = Descriptor(owning: try check("epoll_create") { nb_epoll_create() })
    }

    /// Reports `number` under `token` for as long as it is readable or hung up.
    public func add(_ number: Int32, token: UInt64) throws(SyscallError) {
        try check("epoll_ctl") { nb_epoll_add(descriptor.number, number, token) }
    }

    public func remove(_ number: Int32) throws(SyscallError) {
        try check("epoll_ctl") { nb_epoll_remove(descriptor.number, number) }
    }

    /// The tokens of what is ready; empty when the time is over. A negative time waits without end.
    public func wait(milliseconds: Int32) throws(SyscallError) -> [UInt64] {
        var tokens = [UInt64](repeating: 0, count: Self.tokensPerWait)
        let count = try check("epoll_wait") {
            nb_epoll_wait(descriptor.number, &tokens, Int32(tokens.count), milliseconds)
        }
        return Array(tokens.prefix(Int(count)))
    }
}
