import Glibc
import NIOCore

/// Cuts a stream into its lines.
struct EventLines {
    /// Of one event: a result of 32 MiB, and room for what quoting adds to it.
    static let lineLimit = 80 << 20

    private let limit: Int
    private var rest = ByteBuffer()

    init(limit: Int = lineLimit) {
        self.limit = limit
    }

    /// The lines that are whole now, without their ends. Blank ones are left out.
    /// - Throws: `RemoteError` for a line over the limit.
    mutating func take(_ part: ByteBuffer) throws -> [[UInt8]] {
        var part = part
        var lines: [[UInt8]] = []
        while let length = Self.lengthOfLine(part) {
            try hold(&part, length)
            part.moveReaderIndex(forwardBy: 1)
            if let line = rest.readBytes(length: rest.readableBytes), !line.isEmpty { lines.append(line) }
            rest.clear()
        }
        try hold(&part, part.readableBytes)
        return lines
    }

    private mutating func hold(_ part: inout ByteBuffer, _ length: Int) throws {
        guard rest.readableBytes + length <= limit else {
            throw RemoteError("an event is longer than \(limit) bytes")
        }
        guard var piece = part.readSlice(length: length) else { return }
        rest.writeBuffer(&piece)
    }

    /// - Returns: nil if no line ends here.
    private static func lengthOfLine(_ part: ByteBuffer) -> Int? {
        part.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, let end = memchr(start, Int32(UInt8(ascii: "\n")), bytes.count) else {
                return nil
            }
            return UnsafeRawPointer(end) - start
        }
    }
}
