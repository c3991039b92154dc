import WireCoding

/// What one side says to the other at once: `u32 payload length | u8 kind | payload`, little-endian.
public struct Frame: Hashable, Sendable {
    public static let headerBytes = 5

    public var kind: UInt8
    public var payload: [UInt8]

    public init(kind: UInt8, payload: [UInt8] = []) {
        self.kind = kind
        self.payload = payload
    }

    public var bytes: [UInt8] {
        precondition(payload.count <= WireLimits.payloadBytes, "a frame is never built over the limit")
        var writer = WireWriter()
        writer.write(UInt32(payload.count))
        writer.write(kind)
        return writer.bytes + payload
    }
}

/// Cuts a byte stream into frames. Holds at most one unfinished frame, so its memory has the limit of one payload
/// plus what was appended last.
public struct FrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    public init() {}

    public mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes come.
    /// - Throws: `WireError.tooLong` for a header over the limit; the stream is then unusable.
    public mutating func next() throws(WireError) -> Frame? {
        guard let (kind, payload) = try frame(at: start) else { return nil }
        start = payload.upperBound
        return Frame(kind: kind, payload: Array(buffer[payload]))
    }

    /// The payloads of the frames of `kind` that wait, joined, if they wait up to a frame of `end`; nil if not all of
    /// that has come. Nothing is taken.
    public func content(of kind: UInt8, until end: UInt8) throws(WireError) -> [UInt8]? {
        var content: [UInt8] = []
        var next = start
        while let (found, payload) = try frame(at: next) {
            if found == end { return content }
            guard found == kind else { return nil }
            content += buffer[payload]
            next = payload.upperBound
        }
        return nil
    }

    /// The kind of the frame that begins at `position`, and where its payload lies; nil if it is not all there.
    private func frame(at position: Int) throws(WireError) -> (kind: UInt8, payload: Range<Int>)? {
        let first = position + Frame.headerBytes
        guard buffer.count >= first else { return nil }
        var header = WireReader(Array(buffer[position..<first]))
        let length = Int(try header.integer(UInt32.self))
        let kind = try header.integer(UInt8.self)
        guard length <= WireLimits.payloadBytes else {
            throw .tooLong(length: length, limit: WireLimits.payloadBytes)
        }
        return buffer.count >= first + length ? (kind, first..<(first + length)) : nil
    }

    /// What came after the last frame: the first raw bytes of a `dial`.
    public mutating func takeRest() -> [UInt8] {
        defer {
            buffer = []
            start = 0
        }
        return Array(buffer[start...])
    }
}
