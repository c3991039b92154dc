import NIOCore

/// One deadline that is moved often and met rarely: moving it costs no timer. Belongs to an event loop.
struct LazyDeadline {
    private final class Timer {
        /// nil if nothing is awaited.
        var due: NIODeadline?
        /// When the timer that is set rings; nil if none is.
        var rings: NIODeadline?
        var scheduled: Scheduled<Void>?
        var act: (@Sendable () -> Void)?
    }

    private let timer = Timer()
    /// What is awaited is the rest of a request's head.
    private(set) var isForHead = false

    /// - Parameter act: called when the deadline is met; the same each time.
    mutating func set(
        _ timeout: TimeAmount, isForHead: Bool, on eventLoop: any EventLoop, act: @escaping @Sendable () -> Void
    ) {
        self.isForHead = isForHead
        let due = NIODeadline.now() + timeout
        timer.due = due
        timer.act = act
        if let rings = timer.rings, rings <= due { return }
        Self.arm(timer, at: due, on: eventLoop)
    }

    mutating func cancel() {
        isForHead = false
        timer.due = nil
        timer.act = nil
    }

    /// What is awaited already is the rest of a request's head; the moment stays.
    mutating func becomeForHead() {
        isForHead = true
    }

    /// Cancels, and leaves no timer behind.
    mutating func end() {
        cancel()
        timer.scheduled?.cancel()
        timer.scheduled = nil
        timer.rings = nil
    }

    private static func arm(_ timer: Timer, at rings: NIODeadline, on eventLoop: any EventLoop) {
        timer.rings = rings
        let bound = NIOLoopBound(timer, eventLoop: eventLoop)
        timer.scheduled?.cancel()
        timer.scheduled = eventLoop.scheduleTask(deadline: rings) {
            let timer = bound.value
            // A timer that was set for an earlier moment has taken this one's place.
            guard timer.rings == rings else { return }
            timer.rings = nil
            guard let due = timer.due else { return }
            if due <= .now() {
                timer.act?()
            } else {
                arm(timer, at: due, on: eventLoop)
            }
        }
    }
}
