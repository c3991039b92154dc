import NIOCore

/// Cuts a stream into its lines.
struct EventLines {
    /// Of one event: a result of 32 MiB, and room for what quoting adds to it.
    static let lineLimit = 80 << 20

    private var rest: [UInt8] = []

    /// Whether a line has begun that did not end.
    var isMidLine: Bool { !rest.isEmpty }

    /// The lines that are whole now, without their ends.
    /// - Throws: `RemoteError` for a line over the limit.
    mutating func take(_ part: ByteBuffer) throws -> [[UInt8]] {
        let pieces = part.readableBytesView.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var lines: [[UInt8]] = []
        for (index, piece) in pieces.enumerated() {
            guard rest.count + piece.count <= Self.lineLimit else {
                throw RemoteError("an event is longer than \(Self.lineLimit) bytes")
            }
            rest.append(contentsOf: piece)
            guard index < pieces.count - 1 else { break }
            if isMidLine { lines.append(rest) }
            rest = []
        }
        return lines
    }
}
