import CLinux
import Glibc
import GuestProtocol

/// The reading end of what a process writes: a pipe, or the controlling side of its terminal.
struct OutputPipe {
    let number: Int32
    let channel: ProcessOutput.Channel
    /// Bytes still to be taken after the process ended; nil while it runs.
    private(set) var remaining: Int?
    private(set) var isOpen = true

    /// What a terminal may still hold when its process ends: far more than any tty buffer, so only a background child
    /// that floods the terminal meets it.
    private static let terminalLimit = 1 << 20

    init(_ number: Int32, _ channel: ProcessOutput.Channel) {
        self.number = number
        self.channel = channel
    }

    var isDrained: Bool { !isOpen || remaining == 0 }

    /// From now on only what is in the pipe already is read. A terminal cannot tell how much that is: it is read until
    /// it is empty.
    mutating func limitToWaitingBytes() {
        guard isOpen else { return }
        remaining = channel == .terminal ? Self.terminalLimit : Int(max(0, guest_bytes_waiting(number)))
    }

    mutating func took(_ count: Int) {
        if let left = remaining { remaining = max(0, left - count) }
    }

    mutating func foundEmpty() {
        if remaining != nil { remaining = 0 }
    }

    mutating func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(number)
    }
}
