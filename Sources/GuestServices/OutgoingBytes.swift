import Glibc

/// Bytes on their way into a non-blocking descriptor.
struct OutgoingBytes {
    enum Outcome {
        case done
        /// The descriptor takes no more for now.
        case blocked
        /// The other side is gone: an errno.
        case failed(Int32)
    }

    private var bytes: [UInt8] = []
    private var position = 0

    var count: Int { bytes.count - position }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more)
    }

    /// Writes `more` behind what waits already, keeping only what the descriptor does not take.
    mutating func send(_ more: UnsafeRawBufferPointer, to descriptor: Int32) -> Outcome {
        let written = isEmpty && !more.isEmpty ? Glibc.write(descriptor, more.baseAddress, more.count) : 0
        append(UnsafeRawBufferPointer(rebasing: more[max(0, written)...]))
        return write(to: descriptor)
    }

    /// Writes as much as the descriptor takes.
    mutating func write(to descriptor: Int32) -> Outcome {
        while !isEmpty {
            let result = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + position }, buffer.count - position)
            }
            if result > 0 {
                position += result
            } else if result == 0 || errno == EAGAIN {
                return .blocked
            } else if errno != EINTR {
                return .failed(errno)
            }
        }
        bytes = []
        position = 0
        return .done
    }
}
