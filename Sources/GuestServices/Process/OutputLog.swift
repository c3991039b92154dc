import GuestProtocol
import WireCoding

/// What a process wrote and somebody has still to read: a bounded window on its output, both channels in the order in
/// which they were read. Readers keep a cursor, a position in the stream since the process began.
struct OutputLog {
    /// Bytes held at most.
    static let byteLimit = 256 << 10

    /// What a reader gets next.
    enum Step: Hashable {
        /// So many bytes before the window are gone.
        case missed(UInt64)
        case output(ProcessOutput)
    }

    private struct Chunk {
        let channel: ProcessOutput.Channel
        let start: UInt64
        var bytes: [UInt8]
        var end: UInt64 { start + UInt64(bytes.count) }
    }

    private var chunks: [Chunk] = []
    /// The oldest position that is still held.
    private(set) var start: UInt64 = 0
    /// The position of the next byte.
    private(set) var end: UInt64 = 0

    var room: Int { Self.byteLimit - Int(end - start) }

    /// Adds at most `room` bytes.
    mutating func append(_ channel: ProcessOutput.Channel, _ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= room, "a process is not read while its log is full")
        defer { end += UInt64(bytes.count) }
        if let last = chunks.indices.last, chunks[last].channel == channel,
            chunks[last].bytes.count + bytes.count <= WireLimits.chunkBytes
        {
            chunks[last].bytes.append(contentsOf: bytes)
        } else {
            chunks.append(Chunk(channel: channel, start: end, bytes: Array(bytes)))
        }
    }

    /// What stands at `cursor`, one channel and at most one chunk; nil at the end. The cursor moves behind it.
    func next(_ cursor: inout UInt64) -> Step? {
        if cursor < start {
            defer { cursor = start }
            return .missed(start - cursor)
        }
        let position = cursor
        guard let chunk = chunks.first(where: { $0.end > position }) else { return nil }
        cursor = chunk.end
        let bytes = Array(chunk.bytes[Int(position - chunk.start)...])
        return .output(ProcessOutput(channel: chunk.channel, bytes: bytes))
    }

    /// Lets go of what is before `position`. A chunk that is still needed in part stays whole, uncounted.
    mutating func discard(before position: UInt64) {
        start = max(start, min(position, end))
        let needed = chunks.firstIndex { $0.end > start } ?? chunks.count
        chunks.removeFirst(needed)
    }
}
