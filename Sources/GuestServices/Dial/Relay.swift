import Glibc
import GuestProtocol

/// Bytes both ways between a client and a port inside. Each direction ends by itself; the relay ends with both, or when
/// either side fails. The event loop owns it.
final class Relay: EventSource {
    /// What goes from one descriptor to the other. It is read only when all that was read before is written, so it
    /// holds at most one read.
    private final class Direction {
        let source: Int32
        let target: Int32
        var pending = OutgoingBytes()
        var sourceEnded = false
        /// The target was told that no more comes.
        var isOver = false

        init(from source: Int32, to target: Int32) {
            self.source = source
            self.target = target
        }
    }

    private unowned let guest: Guest
    private let toPort: Direction
    private let toClient: Direction
    private var hasEnded = false

    /// Takes over both descriptors. `rest` came from the client already.
    init(client: Int32, rest: [UInt8], port: Int32, guest: Guest) {
        self.guest = guest
        toPort = Direction(from: client, to: port)
        toClient = Direction(from: port, to: client)
        toPort.pending.append(rest)
        toClient.pending.append(GuestReply.ok.frame.bytes)
    }

    func begin() {
        settle(toPort, toPort.pending.write(to: toPort.target))
        if !hasEnded { settle(toClient, toClient.pending.write(to: toClient.target)) }
        refreshInterest()
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        let (incoming, outgoing) = descriptor == toPort.source ? (toPort, toClient) : (toClient, toPort)
        if readiness.isWritable || readiness.isHungUp, !outgoing.pending.isEmpty {
            settle(outgoing, outgoing.pending.write(to: outgoing.target))
        }
        if readiness.isReadable || readiness.isHungUp { read(incoming) }
        if readiness.isHungUp, incoming.sourceEnded, !outgoing.isOver { end() }
        refreshInterest()
    }

    private func read(_ direction: Direction) {
        guard !hasEnded, direction.pending.isEmpty, !direction.sourceEnded else { return }
        let scratch = guest.loop.scratch
        let count = Glibc.read(direction.source, scratch.baseAddress, scratch.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? () : end() }
        direction.sourceEnded = count == 0
        let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
        settle(direction, direction.pending.send(bytes, to: direction.target))
    }

    /// After a write: passes the end of the source on, once all before it is written.
    private func settle(_ direction: Direction, _ outcome: OutgoingBytes.Outcome) {
        switch outcome {
        case .blocked: return
        case .failed: return end()
        case .done: break
        }
        guard direction.sourceEnded, !direction.isOver else { return }
        shutdown(direction.target, Int32(SHUT_WR))
        direction.isOver = true
        if toPort.isOver, toClient.isOver { end() }
    }

    private func refreshInterest() {
        guard !hasEnded else { return }
        for (incoming, outgoing) in [(toPort, toClient), (toClient, toPort)] {
            var interest: Interest = []
            if incoming.pending.isEmpty, !incoming.sourceEnded { interest.insert(.read) }
            if !outgoing.pending.isEmpty { interest.insert(.write) }
            // Half-closed by its side: that it went away for good is then all that can be seen of it.
            if incoming.sourceEnded, !outgoing.isOver { interest.insert(.hangUp) }
            guest.loop.watch(incoming.source, for: interest, self)
        }
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        for descriptor in [toPort.source, toClient.source] {
            guest.loop.unwatch(descriptor)
            close(descriptor)
        }
        guest.connectionEnded()
    }
}
