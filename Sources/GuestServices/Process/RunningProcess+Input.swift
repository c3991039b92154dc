import Glibc
import GuestProtocol

/// The writing end of what a process reads.
struct ProcessInputEnd {
    let number: Int32
    /// The descriptor is then that of the output too, and is not closed here.
    let isTerminal: Bool
    var queue = InputQueue()
}

extension RunningProcess {
    /// Queues bytes for the process; `completion` is told once they are in its pipe or cannot get there.
    /// - Throws: `wrongChannel`, `resourceExhausted`, or `other` after the input was closed.
    func add(
        _ bytes: ProcessInput, owner: AnyObject, completion: @escaping (GuestFailure?) -> Void
    ) throws(GuestFailure) {
        guard case .running = state else { throw GuestFailure(.notFound, "process with pid \(pid) has ended") }
        try requireChannel(bytes.channel)
        guard input != nil, input?.queue.isClosing == false else {
            throw GuestFailure(.other, "the input of process \(pid) is closed")
        }
        try input?.queue.add(bytes.bytes, owner: owner, completion: completion)
        writeInput()
    }

    /// The process reads end of file once all that is queued is written. Closing twice is no error.
    /// - Throws: `wrongChannel` for a terminal, or a process without input.
    func closeInput() throws(GuestFailure) {
        guard request.terminal == nil else {
            throw GuestFailure(.wrongChannel, "process \(pid) has a terminal: its input cannot be closed")
        }
        try requireChannel(.pipe)
        input?.queue.closeWhenEmpty()
        writeInput()
    }

    func writeInput() {
        guard let number = input?.number else { return }
        let told = input?.queue.write(to: number) ?? []
        if let input, input.queue.isEmpty, input.queue.isClosing { dropInput() }
        refreshInterest()
        for tell in told { tell() }
    }

    /// Nothing can be written any more.
    func closeInput(because failure: GuestFailure) {
        let told = input?.queue.fail(failure) ?? []
        dropInput()
        for tell in told { tell() }
    }

    private func dropInput() {
        guard let input else { return }
        self.input = nil
        guard !input.isTerminal else { return }
        loop.unwatch(input.number)
        close(input.number)
    }

    private func requireChannel(_ channel: ProcessInput.Channel) throws(GuestFailure) {
        let isRight = channel == .terminal ? request.terminal != nil : request.terminal == nil && request.input == .pipe
        if isRight { return }
        let has = request.terminal != nil ? "a terminal" : request.input == .pipe ? "a pipe" : "no input"
        throw GuestFailure(.wrongChannel, "process \(pid) has \(has) where a \(channel) was meant")
    }
}
