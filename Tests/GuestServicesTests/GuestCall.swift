import Glibc
import GuestProtocol
import WireCoding

/// One connection to a guest: one operation. Closes when the test lets go of it.
final class GuestCall {
    /// A reply that takes longer is a failure of the test.
    private static let patienceSeconds = 30

    let descriptor: Int32
    private var decoder = FrameDecoder()

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard withUnixAddress(path, { connect(descriptor, $0, $1) }) == 0 else {
            throw LiveGuestError.failedToStart(errno)
        }
    }

    deinit {
        close(descriptor)
    }

    func send(_ frame: Frame) throws {
        try send(raw: frame.bytes)
    }

    func send(raw bytes: [UInt8]) throws {
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress.map { $0 + position }, buffer.count - position,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw LiveGuestError.timedOut }
            position += count
        }
    }

    /// nil once the guest has closed.
    func next() throws -> GuestReply? {
        while true {
            if let frame = try decoder.next() { return try GuestReply(frame: frame) }
            let bytes = try readSocket()
            if bytes.isEmpty { return nil }
            decoder.append(bytes)
        }
    }

    /// What comes next, as it is; empty at the end.
    func receive() throws -> [UInt8] {
        let rest = decoder.takeRest()
        return rest.isEmpty ? try readSocket() : rest
    }

    private func readSocket() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno != ECONNRESET { throw LiveGuestError.timedOut }
        return Array(buffer[..<max(0, count)])
    }

    /// Everything up to the exit.
    func finish() throws -> FinishedCommand {
        var finished = FinishedCommand()
        while let reply = try next() {
            switch reply {
            case .output(let output): finished.take(output)
            case .missed(let count): finished.missed += count
            case .exited(let exit):
                finished.exit = exit
                return finished
            default: throw LiveGuestError.unexpectedReply
            }
        }
        throw LiveGuestError.unexpectedReply
    }
}

extension FinishedCommand {
    mutating func take(_ output: ProcessOutput) {
        switch output.channel {
        case .standardOutput: standardOutput += output.bytes
        case .standardError: standardError += output.bytes
        case .terminal: terminal += output.bytes
        }
    }
}
