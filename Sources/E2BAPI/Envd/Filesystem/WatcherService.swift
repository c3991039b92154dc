import GuestClient
import GuestProtocol
import NIOCore
import SandboxModel
import Synchronization

/// Watches directories for clients that poll. `run()` holds every watcher; a watcher ends when its client removes it,
/// when nobody polls it any more, when its sandbox ends, and with `run()`.
public final class WatcherService: Sendable {
    private struct Order: Sendable {
        let key: WatcherTable.Key
        let request: GuestRequest
        let call: EnvdCall
    }

    private let table = Mutex(WatcherTable())
    private let orders: AsyncStream<Order>
    private let ordering: AsyncStream<Order>.Continuation

    public init() {
        (orders, ordering) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(EnvdLimits.watchers))
    }

    /// Returns when the task is cancelled; no watcher is left then. To be called once.
    public func run() async {
        await withDiscardingTaskGroup { watchers in
            for await order in orders {
                watchers.addTask { await self.watch(order) }
            }
            ordering.finish()
            watchers.cancelAll()
        }
        for started in table.withLock({ $0.close() }) { started.resume(throwing: Self.ending) }
    }

    /// - Returns: the new watcher's id, once the guest watches.
    /// - Throws: the guest's refusal; `ConnectError` at a limit.
    func create(_ request: GuestRequest, for call: EnvdCall) async throws -> String {
        let watcherID = "w" + String(UInt64.random(in: .min ... .max), radix: 16)
        let key = WatcherTable.Key(sandbox: call.sandbox.record.id, watcherID: watcherID)
        try await withCheckedThrowingContinuation { started in
            do {
                try table.withLock { (table) throws(ConnectError) in try table.admit(key, started, at: .now) }
            } catch {
                return started.resume(throwing: error)
            }
            guard case .enqueued = ordering.yield(Order(key: key, request: request, call: call)) else {
                table.withLock { $0.forget(key) }?.resume(throwing: Self.ending)
                return
            }
        }
        return watcherID
    }

    /// What has happened since the last time, in JSON.
    func takeEvents(_ watcherID: String, in sandbox: SandboxID) throws(ConnectError) -> [ByteBuffer] {
        let key = WatcherTable.Key(sandbox: sandbox, watcherID: watcherID)
        return try table.withLock { (table) throws(ConnectError) in try table.takeEvents(key, at: .now) }
    }

    func remove(_ watcherID: String, in sandbox: SandboxID) throws(ConnectError) {
        let key = WatcherTable.Key(sandbox: sandbox, watcherID: watcherID)
        try table.withLock { (table) throws(ConnectError) in try table.remove(key) }()
    }

    private static let ending = ConnectError(.unavailable, "the server is about to end")

    private func watch(_ order: Order) async {
        do {
            let interval = EnvdLimits.watcherCheckInterval
            try await order.call.withExchange(order.request, idle: interval) { exchange in
                try await exchange.expectOK()
                guard let started = table.withLock({ $0.begin(order.key, hangUp: exchange.hangUp) }) else { return }
                started.resume()
                try await collect(&exchange, order)
            }
            table.withLock { $0.forget(order.key) }?.resume(throwing: GuestClientError.hungUp)
        } catch {
            // Whoever awaits the start is told; after it, a poll finds no watcher, and the guest has no more to say.
            table.withLock { $0.forget(order.key) }?.resume(throwing: error)
        }
    }

    private func collect(_ exchange: inout GuestExchange, _ order: Order) async throws {
        while table.withLock({ $0.isWanted(order.key, at: .now) }), let message = try await exchange.next() {
            switch message {
            case .reply(.event(let event)):
                let symlinks = order.call.environment.reportsSymbolicLinks
                let json = try ProtoJSON.encode(FileEventAnswer(event, reportsSymbolicLinks: symlinks))
                table.withLock { $0.add(json, to: order.key) }
            case .idle: continue
            case .reply, .output, .bytes:
                throw GuestClientError.protocolViolation("something else than a change of a file")
            }
        }
    }
}
