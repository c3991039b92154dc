/// Cuts what a kernel sends into messages. Holds at most one unfinished frame, within its kind's limit, and what was
/// appended last. After an error the stream is unusable.
public struct KernelMessageDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    public init() {}

    public mutating func append(_ bytes: some Collection<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= KernelLimits.outputBytes * 2)
        } else if start > 0 {
            buffer.removeFirst(start)
        }
        start = 0
        buffer.append(contentsOf: bytes)
    }

    /// The next message, or nil until more bytes come.
    public mutating func next() throws(KernelProtocolError) -> KernelMessage? {
        guard buffer.count - start >= KernelFrame.headerBytes else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(buffer[start + $1]) << ($1 * 8) }
        guard let kind = KernelMessage.Kind(rawValue: buffer[start + 4]) else { throw .unknownKind(buffer[start + 4]) }
        guard length <= kind.limit else { throw .tooLong(kind: kind.rawValue, length: length, limit: kind.limit) }
        let end = start + KernelFrame.headerBytes + length
        guard buffer.count >= end else { return nil }
        let payload = Array(buffer[(start + KernelFrame.headerBytes)..<end])
        start = end
        return try KernelMessage(kind, payload)
    }

    /// Whether the kernel may hang up here.
    public func finish() throws(KernelProtocolError) {
        guard start == buffer.count else { throw .truncated }
    }
}
