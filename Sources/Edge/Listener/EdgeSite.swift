import Logging
import NIOCore
import Synchronization

/// What all connections of one listener share.
final class EdgeSite: Sendable {
    let domain: String
    let limits: EdgeLimits
    let tls: TLSIdentity
    let logger: Logger
    /// Requests, for the tasks of the server's `run()`: a lane for each event loop, by its identity.
    let lanes: [ObjectIdentifier: ExchangeLane]
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(domain: String, limits: EdgeLimits, tls: TLSIdentity, logger: Logger, group: any EventLoopGroup) {
        self.domain = domain
        self.limits = limits
        self.tls = tls
        self.logger = logger
        let eventLoops = group.makeIterator().map { (ObjectIdentifier($0), ExchangeLane($0)) }
        lanes = Dictionary(eventLoops) { first, _ in first }
    }

    /// Has a task answer the exchange; closes its connection if the server is ending.
    func dispatch(_ exchange: Exchange) {
        let channel = exchange.reply.channel
        let lane = lanes[ObjectIdentifier(channel.eventLoop)]
        if lane?.take(exchange) != true { channel.close(promise: nil) }
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
        for lane in lanes.values { lane.end() }
        for channel in connections.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
