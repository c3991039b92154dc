import Logging
import NIOCore
import Synchronization

/// What all connections of one listener share.
final class EdgeSite: Sendable {
    let domain: String
    let limits: EdgeLimits
    let tls: TLSIdentity
    let logger: Logger
    /// Requests, for the tasks of the server's `run()`. Unbounded here, because connections and their streams are
    /// bounded and each holds at most one.
    let exchanges: AsyncStream<Exchange>
    private let queue: AsyncStream<Exchange>.Continuation
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(domain: String, limits: EdgeLimits, tls: TLSIdentity, logger: Logger) {
        self.domain = domain
        self.limits = limits
        self.tls = tls
        self.logger = logger
        (exchanges, queue) = AsyncStream.makeStream(of: Exchange.self)
    }

    /// Has a task answer the exchange; closes its connection if the server is ending.
    func dispatch(_ exchange: Exchange) {
        if case .terminated = queue.yield(exchange) { exchange.reply.channel.close(promise: nil) }
    }

    /// Counts a new connection until it closes.
    /// - Returns: false, and nothing is counted, if there are as many as `limits.connections`.
    func admit(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdmitted = connections.withLock { connections in
            guard connections.count < limits.connections else { return false }
            connections[key] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in _ = self.connections.withLock { $0.removeValue(forKey: key) } }
        }
        return isAdmitted
    }

    /// Takes no more exchanges and closes all connections.
    func end() {
        queue.finish()
        for channel in connections.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
