import Glibc
import GuestProtocol
import WireCoding

/// One client with one operation, as long as the event loop serves it. File operations leave the loop: their connection
/// goes to a worker. The loop owns a connection; it ends when its last reply is written or its client is gone.
final class Connection: EventSource {
    private enum Role {
        case awaitingRequest
        /// Somebody else will reply; only a client that goes away matters.
        case waiting
        case observing(RunningProcess)
        case streamingInput(RunningProcess)
        /// All is said; closes when it is written.
        case finishing
        case closed
    }

    /// Bytes that may wait to be written before a process's output waits in its log instead.
    private static let outgoingLimit = 64 << 10

    /// How far this client has read the output of the process that it watches.
    var cursor: UInt64 = 0
    let descriptor: Int32
    private unowned let guest: Guest
    private var decoder = FrameDecoder()
    private var outgoing = OutgoingBytes()
    private var role = Role.awaitingRequest
    private var isTakingFrames = false
    /// The process whose input queue may hold bytes of this client.
    private weak var waitingFor: RunningProcess?

    /// Takes over the descriptor.
    init(_ descriptor: Int32, guest: Guest) {
        self.descriptor = descriptor
        self.guest = guest
        refreshInterest()
    }

    var takesMore: Bool { outgoing.count < Self.outgoingLimit && !isFinishing }

    var isFinishing: Bool {
        switch role {
        case .finishing, .closed: true
        case .awaitingRequest, .waiting, .observing, .streamingInput: false
        }
    }

    func becameReady(_ readiness: Readiness, descriptor: Int32) {
        if readiness.isWritable { flush() }
        if readiness.isWritable, case .observing(let process) = role { process.pump(self) }
        if isReading, readiness.isReadable { receive() } else if readiness.isHungUp { close() }
    }

    // MARK: What operations say

    func send(_ reply: GuestReply) {
        guard !isFinishing else { return }
        outgoing.append(reply.frame.bytes)
        flush()
    }

    /// Says the last word.
    func finish(_ reply: GuestReply) {
        finish([reply])
    }

    /// Says the last words, all at once.
    func finish(_ replies: [GuestReply]) {
        guard !isFinishing else { return }
        for reply in replies { outgoing.append(reply.frame.bytes) }
        role = .finishing
        flush()
    }

    /// Lets a process talk to this client.
    func observe(_ process: RunningProcess) {
        role = .observing(process)
        refreshInterest()
        process.attach(self)
    }

    /// Writes `input` to the process, then replies: finally, or ready for more.
    func feed(_ process: RunningProcess, _ input: ProcessInput, isStream: Bool) {
        role = .waiting
        do throws(GuestFailure) {
            try process.add(input, owner: self) { [weak self] failure in
                guard let self else { return }
                if let failure { return finish(.failure(failure)) }
                if isStream { stream(to: process) } else { finish(.ok) }
            }
        } catch {
            finish(.failure(error))
        }
        waitingFor = process
        refreshInterest()
    }

    /// Waits for input frames.
    func stream(to process: RunningProcess) {
        guard !isFinishing else { return }
        role = .streamingInput(process)
        // Not again from inside the loop over the frames: thousands of small ones would nest.
        if !isTakingFrames { takeFrames() }
        refreshInterest()
    }

    /// All that follows a request to write a file, if it came with the request; it stays where it is.
    func waitingContent() throws(WireError) -> [UInt8]? {
        try decoder.content(of: GuestFollowUp.bytes([]).frame.kind, until: GuestFollowUp.end.frame.kind)
    }

    /// Hands the descriptor and what was read beyond the request to `taker`, who closes it.
    func handOver(to taker: (_ descriptor: Int32, _ rest: [UInt8]) -> Void) {
        guest.loop.unwatch(descriptor)
        role = .closed
        taker(descriptor, decoder.takeRest())
    }

    func close() {
        if case .closed = role { return }
        let process = watched
        role = .closed
        guest.loop.unwatch(descriptor)
        Glibc.close(descriptor)
        process?.detach(self)
        guest.connectionEnded()
    }

    // MARK: Bytes

    private var watched: RunningProcess? {
        switch role {
        case .observing(let process), .streamingInput(let process): process
        case .awaitingRequest, .waiting, .finishing, .closed: waitingFor
        }
    }

    private var isReading: Bool {
        switch role {
        case .awaitingRequest, .streamingInput: true
        case .waiting, .observing, .finishing, .closed: false
        }
    }

    private func receive() {
        let scratch = guest.loop.scratch
        let count = read(descriptor, scratch.baseAddress, scratch.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return close() }
        decoder.append(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
        takeFrames()
        refreshInterest()
    }

    /// A malformed frame ends this connection and nothing else.
    private func takeFrames() {
        isTakingFrames = true
        defer { isTakingFrames = false }
        do throws(WireError) {
            while isReading, let frame = try decoder.next() {
                if case .streamingInput(let process) = role {
                    follow(try GuestFollowUp(frame: frame), process)
                } else {
                    role = .waiting
                    guest.serve(try GuestRequest(frame: frame), self)
                }
            }
        } catch {
            close()
        }
    }

    private func follow(_ followUp: GuestFollowUp, _ process: RunningProcess) {
        switch followUp {
        case .input(let input): feed(process, input, isStream: true)
        case .end: finish(.ok)
        case .bytes: close()
        }
    }

    private func flush() {
        if case .closed = role { return }
        switch outgoing.write(to: descriptor) {
        case .done: if case .finishing = role { close() } else { refreshInterest() }
        case .blocked: refreshInterest()
        case .failed: close()
        }
    }

    private func refreshInterest() {
        if case .closed = role { return }
        var interest = Interest.hangUp
        if isReading { interest.insert(.read) }
        if !outgoing.isEmpty { interest.insert(.write) }
        guest.loop.watch(descriptor, for: interest, self)
    }
}
