import Glibc

/// Pipes whose process has ended but that its background children still hold: read and dropped until they end, so that
/// `server &` does not die of SIGPIPE.
final class OrphanedOutputs: EventSource {
    /// Pipes held at most; beyond it the oldest is closed, for descriptors are needed for what is alive.
    static let limit = 512

    private let loop: EventLoop
    private var numbers: [Int32] = []

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Takes over the descriptor.
    func adopt(_ number: Int32) {
        if numbers.count == Self.limit, let oldest = numbers.first { drop(oldest) }
        numbers.append(number)
        loop.unwatch(number)
        loop.watch(number, for: .read, self)
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        let count = read(descriptor, loop.scratch.baseAddress, loop.scratch.count)
        if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return }
        drop(descriptor)
    }

    private func drop(_ number: Int32) {
        numbers.removeAll { $0 == number }
        loop.unwatch(number)
        close(number)
    }
}
