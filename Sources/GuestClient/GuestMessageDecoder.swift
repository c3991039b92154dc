import GuestProtocol
import NIOCore
import WireCoding

/// Cuts what the guest sends into messages, by the same limits and kinds as `FrameDecoder`, without copying the bytes
/// of files and output. After an error it decodes nothing more: the stream is unusable.
struct GuestMessageDecoder: ByteToMessageDecoder {
    typealias InboundOut = GuestMessage

    private static let bytesKind = GuestReply.bytes([]).frame.kind
    private static let outputKind = GuestReply.output(ProcessOutput(channel: .standardOutput, bytes: [])).frame.kind

    /// What is still to come of the `bytes` frame under way.
    private var remainingBytes = 0

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let message = try next(from: &buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        if case .continue = try decode(context: context, buffer: &buffer) { return .continue }
        guard buffer.readableBytes == 0, remainingBytes == 0 else {
            buffer.clear()
            throw GuestClientError.protocolViolation("the guest hung up in the middle of a frame")
        }
        return .needMoreData
    }

    /// The next message, or nil until more bytes come.
    mutating func next(from buffer: inout ByteBuffer) throws(GuestClientError) -> GuestMessage? {
        if remainingBytes > 0 { return takeBytes(from: &buffer) }
        while let header = try Self.header(of: buffer) {
            if header.kind == Self.bytesKind {
                buffer.moveReaderIndex(forwardBy: Frame.headerBytes)
                remainingBytes = header.length
                if remainingBytes > 0 { return takeBytes(from: &buffer) }
                continue
            }
            guard buffer.readableBytes >= Frame.headerBytes + header.length else { return nil }
            buffer.moveReaderIndex(forwardBy: Frame.headerBytes)
            guard var payload = buffer.readSlice(length: header.length) else { return nil }
            do {
                return try Self.message(kind: header.kind, payload: &payload)
            } catch {
                throw .protocolViolation("a frame of kind \(header.kind): \(error)")
            }
        }
        return nil
    }

    private mutating func takeBytes(from buffer: inout ByteBuffer) -> GuestMessage? {
        let length = min(remainingBytes, buffer.readableBytes)
        guard length > 0, let slice = buffer.readSlice(length: length) else { return nil }
        remainingBytes -= length
        return .bytes(slice)
    }

    private static func header(of buffer: ByteBuffer) throws(GuestClientError) -> (length: Int, kind: UInt8)? {
        let start = buffer.readerIndex
        guard let length = buffer.getInteger(at: start, endianness: .little, as: UInt32.self),
            let kind = buffer.getInteger(at: start + 4, as: UInt8.self)
        else { return nil }
        guard length <= WireLimits.payloadBytes else {
            throw .protocolViolation("a frame of \(length) bytes, over the limit of \(WireLimits.payloadBytes)")
        }
        return (Int(length), kind)
    }

    private static func message(kind: UInt8, payload: inout ByteBuffer) throws(WireError) -> GuestMessage {
        guard kind == outputKind else {
            let bytes = payload.readBytes(length: payload.readableBytes) ?? []
            return .reply(try GuestReply(frame: Frame(kind: kind, payload: bytes)))
        }
        guard let rawChannel = payload.readInteger(as: UInt8.self),
            let length = payload.readInteger(endianness: .little, as: UInt32.self)
        else { throw .truncated }
        guard let channel = ProcessOutput.Channel(rawValue: rawChannel) else { throw .unknownTag(rawChannel) }
        guard payload.readableBytes >= length else { throw .truncated }
        guard payload.readableBytes == length else { throw .trailingBytes(payload.readableBytes - Int(length)) }
        return .output(channel, payload)
    }
}
