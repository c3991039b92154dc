/// Cuts what a kernel sends into messages. Holds at most one unfinished frame, within its kind's limit, and what was
/// appended last. After an error the stream is unusable.
public struct KernelMessageDecoder: Sendable {
    /// A frame whose header has come.
    private struct Begun {
        let kind: KernelMessage.Kind
        /// Of the payload, in bytes.
        let length: Int
        /// How much of a payload that is not kept is yet to be passed over; nil of one that is.
        var rest: Int?
    }

    private var buffer: [UInt8] = []
    private var start = 0
    private var begun: Begun?

    public init() {}

    public mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 { buffer.removeFirst(start) }
        start = 0
        buffer.append(contentsOf: bytes)
    }

    /// The next message, or nil until more bytes come.
    /// - Parameter admits: asked once for each payload over `KernelLimits.promptBytes`, by its length, before any of it
    ///   is waited for. One that is not admitted is passed over as it comes, and told as `dropped`.
    public mutating func next(
        admits: (Int) -> Bool = { _ in true }
    ) throws(KernelProtocolError) -> KernelMessage? {
        if begun == nil { begun = try begin(admits) }
        guard let begun else { return nil }
        if let rest = begun.rest { return pass(over: rest, of: begun) }
        let end = start + begun.length
        guard buffer.count >= end else { return nil }
        let payload = Array(buffer[start..<end])
        self.begun = nil
        forget(upTo: end)
        return try KernelMessage(begun.kind, payload)
    }

    /// Whether the kernel may hang up here.
    public func finish() throws(KernelProtocolError) {
        guard start == buffer.count, begun == nil else { throw .truncated }
    }

    private mutating func begin(_ admits: (Int) -> Bool) throws(KernelProtocolError) -> Begun? {
        guard buffer.count - start >= KernelFrame.headerBytes else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(buffer[start + $1]) << ($1 * 8) }
        guard let kind = KernelMessage.Kind(rawValue: buffer[start + 4]) else { throw .unknownKind(buffer[start + 4]) }
        guard length <= kind.limit else { throw .tooLong(kind: kind.rawValue, length: length, limit: kind.limit) }
        start += KernelFrame.headerBytes
        guard length > KernelLimits.promptBytes else { return Begun(kind: kind, length: length) }
        guard admits(length) else { return Begun(kind: kind, length: length, rest: length) }
        // Grown by doubling it would become twice as large as what was admitted.
        buffer = Array(buffer[start...])
        start = 0
        buffer.reserveCapacity(length + KernelLimits.promptBytes * 2)
        return Begun(kind: kind, length: length)
    }

    private mutating func pass(over rest: Int, of frame: Begun) -> KernelMessage? {
        let count = min(rest, buffer.count - start)
        forget(upTo: start + count)
        begun?.rest = rest - count
        guard count == rest else { return nil }
        begun = nil
        return .dropped(frame.length)
    }

    /// A long frame's memory is not kept.
    private mutating func forget(upTo end: Int) {
        start = end
        if buffer.capacity > KernelLimits.promptBytes * 4 {
            buffer = Array(buffer[start...])
            start = 0
        } else if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
    }
}
