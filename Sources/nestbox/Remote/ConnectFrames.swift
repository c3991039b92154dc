import Foundation
import NIOCore

/// Frames of the Connect protocol: `flags u8 | length u32 big-endian | JSON`.
struct ConnectFrames {
    static let frameLimit = 8 << 20
    private static let endFlag: UInt8 = 2
    private static let headerBytes = 5

    private var buffer = ByteBuffer()

    static func frame(_ json: Data) -> ByteBuffer {
        var frame = ByteBuffer(integer: UInt8(0))
        frame.writeInteger(UInt32(json.count))
        frame.writeBytes(json)
        return frame
    }

    /// The messages that are whole now.
    /// - Throws: `ConnectFailure` if the stream ended with an error, or for a frame over the limit.
    mutating func take<Message: Decodable>(_ part: ByteBuffer, as: Message.Type) throws -> [Message] {
        buffer.writeImmutableBuffer(part)
        var messages: [Message] = []
        while let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self) {
            guard length <= Self.frameLimit else { throw ConnectFailure(message: "a frame of \(length) bytes") }
            guard buffer.readableBytes >= Self.headerBytes + Int(length) else { break }
            let flags = buffer.readInteger(as: UInt8.self) ?? 0
            buffer.moveReaderIndex(forwardBy: 4)
            let json = Data(buffer.readBytes(length: Int(length)) ?? [])
            if flags & Self.endFlag == 0 {
                messages.append(try JSONDecoder().decode(Message.self, from: json))
            } else if let failure = try JSONDecoder().decode(EndMessage.self, from: json).error {
                throw failure
            }
        }
        return messages
    }

    private struct EndMessage: Decodable {
        var error: ConnectFailure?
    }
}

/// Why a stream ended.
struct ConnectFailure: Error, Decodable, CustomStringConvertible {
    var message: String?

    var description: String { message ?? "the stream ended with an error" }
}
