import NIOCore

/// One frame of a Connect stream: `u8 flags | u32 length, big-endian | payload`.
struct ConnectEnvelope: Hashable {
    static let headerBytes = 5
    private static let endFlag: UInt8 = 0x02

    let isEnd: Bool
    let payload: ByteBuffer

    /// Takes the next whole envelope, or gives nil until more bytes come.
    /// - Throws: `invalidArgument` for a flag that is neither 0 nor the end's, a compressed payload above all;
    ///   `resourceExhausted` for a length over `limit`, before its bytes come.
    static func take(from buffer: inout ByteBuffer, limit: Int) throws(ConnectError) -> ConnectEnvelope? {
        let start = buffer.readerIndex
        guard let flags = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
        guard flags == 0 || flags == endFlag else {
            throw ConnectError(.invalidArgument, "envelope flags \(flags): allowed are 0 and 2, no compression")
        }
        guard let length = buffer.getInteger(at: start + 1, as: UInt32.self) else { return nil }
        guard length <= limit else {
            throw ConnectError(.resourceExhausted, "a message of \(length) bytes is over the limit of \(limit)")
        }
        guard buffer.readableBytes >= headerBytes + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: headerBytes)
        return ConnectEnvelope(isEnd: flags == endFlag, payload: buffer.readSlice(length: Int(length)) ?? ByteBuffer())
    }

    /// Writes an envelope around what `payload` writes.
    static func write(
        into buffer: inout ByteBuffer, isEnd: Bool = false, _ payload: (inout ByteBuffer) throws -> Void
    ) rethrows {
        buffer.writeInteger(isEnd ? endFlag : 0)
        let lengthIndex = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        try payload(&buffer)
        buffer.setInteger(UInt32(buffer.writerIndex - lengthIndex - 4), at: lengthIndex)
    }
}
