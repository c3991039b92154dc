import FoundationEssentials
import NIOCore

/// Canonical proto3 JSON, https://protobuf.dev/programming-guides/json: what a server must accept.
enum ProtoJSON {
    /// - Throws: `invalidArgument` unless `bytes` is the JSON of a `Message`. Unknown fields are ignored, as the server
    ///   that the clients know does.
    static func decode<Message: Decodable>(_: Message.Type, from bytes: ByteBuffer) throws(ConnectError) -> Message {
        guard depth(of: bytes) <= EnvdLimits.messageDepth else {
            throw ConnectError(.invalidArgument, "the message nests deeper than \(EnvdLimits.messageDepth)")
        }
        do {
            return try JSONDecoder().decode(Message.self, from: Data(bytes.readableBytesView))
        } catch let error as ConnectError {
            throw error
        } catch let error as DecodingError {
            throw ConnectError(.invalidArgument, describe(error))
        } catch {
            throw ConnectError(.invalidArgument, "the message is not JSON")
        }
    }

    /// As `decode`; what is long is decoded elsewhere than on the thread that others' requests wait for.
    static func decodeAnywhere<Message: Decodable>(
        _: Message.Type, from bytes: ByteBuffer
    ) async throws -> Message {
        let isLong = bytes.readableBytes > EnvdLimits.promptMessageBytes
        return try await withTaskExecutorPreference(isLong ? globalConcurrentExecutor : nil) {
            try decode(Message.self, from: bytes)
        }
    }

    static func encode(_ message: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return ByteBuffer(bytes: try encoder.encode(message))
    }

    /// Of braces and brackets outside of strings.
    static func depth(of bytes: ByteBuffer) -> Int {
        var depth = 0
        var deepest = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes.readableBytesView {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isInString: isEscaped = true
            case UInt8(ascii: "\""): isInString.toggle()
            case _ where isInString: break
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return "\(path.isEmpty ? "message" : path): \(context.debugDescription)"
        case .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "the message is not JSON" : "\(path): \(context.debugDescription)"
        @unknown default:
            return "the message is not JSON"
        }
    }
}
