import LinuxSystem

/// A sandbox's first process between its clone and its exec. Nobody waits for it: its report tells.
final class Birth {
    /// Answered when its program runs, or when nothing of it is left.
    let asker: Asker
    /// When it is overdue, in monotonic milliseconds.
    let deadline: Int64
    private var box: StartedBox?
    /// Reads as ready when there is something to hear.
    let report: Int32

    /// How long a first process may take to its exec, in milliseconds.
    static let patience: Int64 = 10_000

    init(_ box: consuming StartedBox, asker: Asker) {
        self.asker = asker
        deadline = monotonicMilliseconds() + Self.patience
        report = box.reportNumber
        self.box = consume box
    }

    /// Returns once the program runs, waiting for it at most so long. On throw the process is dead and reaped. To be
    /// called once.
    func outcome(milliseconds: Int32) throws(BoxFailure) {
        guard let box = box.take() else { preconditionFailure("a birth has one outcome") }
        _ = try box.waitUntilRunning(milliseconds: milliseconds)
    }
}
