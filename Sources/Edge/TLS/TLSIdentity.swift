import NIOSSL
import Synchronization

/// With what the listener proves who it is. The context may be replaced while connections are served: new handshakes
/// use the new one.
public final class TLSIdentity: Sendable {
    private let current: Mutex<NIOSSLContext>

    public init(_ context: NIOSSLContext) {
        current = Mutex(context)
    }

    var context: NIOSSLContext {
        current.withLock { $0 }
    }

    public func replace(with context: NIOSSLContext) {
        current.withLock { $0 = context }
    }
}
