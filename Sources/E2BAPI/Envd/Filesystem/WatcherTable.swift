import NIOCore
import SandboxModel

/// The watchers that clients poll, and what waits for them to be polled. Pure: it is told the time.
struct WatcherTable {
    struct Key: Hashable, Sendable {
        let sandbox: SandboxID
        let watcherID: String
    }

    typealias Started = CheckedContinuation<Void, any Error>

    private enum State {
        /// Somebody awaits its first word.
        case starting(Started)
        /// The closure ends it.
        case watching(@Sendable () -> Void)
    }

    private struct Watcher {
        var state: State
        /// In JSON, oldest first.
        var events: [ByteBuffer] = []
        var eventBytes = 0
        var hasOverflowed = false
        var lastPolled: ContinuousClock.Instant
    }

    private var watchers: [Key: Watcher] = [:]
    private var countBySandbox: [SandboxID: Int] = [:]
    private var isOpen = true

    /// - Throws: `resourceExhausted` at a limit, `unavailable` after `close`.
    mutating func admit(_ key: Key, _ started: Started, at now: ContinuousClock.Instant) throws(ConnectError) {
        guard isOpen else { throw ConnectError(.unavailable, "the server is about to end") }
        let limit = EnvdLimits.watchersPerSandbox
        guard countBySandbox[key.sandbox, default: 0] < limit, watchers.count < EnvdLimits.watchers else {
            throw ConnectError(.resourceExhausted, "no more than \(limit) watchers in one sandbox")
        }
        watchers[key] = Watcher(state: .starting(started), lastPolled: now)
        countBySandbox[key.sandbox, default: 0] += 1
    }

    /// - Returns: whoever awaits the start, to be told outside of any lock; nil if the watcher is no more.
    mutating func begin(_ key: Key, hangUp: @escaping @Sendable () -> Void) -> Started? {
        guard case .starting(let started) = watchers[key]?.state else { return nil }
        watchers[key]?.state = .watching(hangUp)
        return started
    }

    /// - Returns: false if the watcher is no more, or nobody has polled it for too long.
    func isWanted(_ key: Key, at now: ContinuousClock.Instant) -> Bool {
        guard let watcher = watchers[key] else { return false }
        return now - watcher.lastPolled <= EnvdLimits.watcherIdleTime
    }

    /// Keeps an event, or remembers that it was lost.
    mutating func add(_ event: ByteBuffer, to key: Key) {
        guard var watcher = watchers.removeValue(forKey: key) else { return }
        if watcher.eventBytes + event.readableBytes <= EnvdLimits.watcherEventBytes {
            watcher.events.append(event)
            watcher.eventBytes += event.readableBytes
        } else {
            watcher.hasOverflowed = true
        }
        watchers[key] = watcher
    }

    /// - Throws: `notFound`; `resourceExhausted` once if events were lost, after which the watcher goes on anew.
    mutating func takeEvents(_ key: Key, at now: ContinuousClock.Instant) throws(ConnectError) -> [ByteBuffer] {
        guard var watcher = watchers.removeValue(forKey: key) else { throw Self.notFound(key) }
        let (events, hasOverflowed) = (watcher.events, watcher.hasOverflowed)
        (watcher.events, watcher.eventBytes, watcher.hasOverflowed, watcher.lastPolled) = ([], 0, false, now)
        watchers[key] = watcher
        guard !hasOverflowed else {
            throw ConnectError(
                .resourceExhausted,
                "watcher \(key.watcherID): events were lost, over \(EnvdLimits.watcherEventBytes) bytes of them waited")
        }
        return events
    }

    /// Forgets a watcher that has ended by itself.
    /// - Returns: whoever still awaits its start.
    mutating func forget(_ key: Key) -> Started? {
        guard let watcher = watchers.removeValue(forKey: key) else { return nil }
        countBySandbox[key.sandbox] = countBySandbox[key.sandbox].flatMap { $0 > 1 ? $0 - 1 : nil }
        guard case .starting(let started) = watcher.state else { return nil }
        return started
    }

    /// Forgets a watcher at its client's wish.
    /// - Returns: what ends it.
    /// - Throws: `notFound`.
    mutating func remove(_ key: Key) throws(ConnectError) -> @Sendable () -> Void {
        guard case .watching(let hangUp) = watchers[key]?.state else { throw Self.notFound(key) }
        _ = forget(key)
        return hangUp
    }

    /// Admits nothing more and forgets all.
    /// - Returns: those who still await a start.
    mutating func close() -> [Started] {
        isOpen = false
        return watchers.keys.compactMap { forget($0) }
    }

    private static func notFound(_ key: Key) -> ConnectError {
        ConnectError(.notFound, "watcher with id \(key.watcherID.prefix(64)) not found")
    }
}
