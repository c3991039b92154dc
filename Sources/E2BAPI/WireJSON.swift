import FoundationEssentials
import HTTPExchange
import NIOCore
import NIOHTTP1

/// Values to JSON and back.
enum WireJSON {
    static func response(
        _ status: HTTPResponseStatus, _ value: some Encodable, headers: HTTPHeaders = [:]
    ) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        do {
            var response = HTTPResponse.json(status, ByteBuffer(bytes: try encoder.encode(value)))
            response.headers.add(contentsOf: headers)
            return response
        } catch {
            preconditionFailure("A value of the wire does not encode: \(error)")
        }
    }

    /// - Throws: `APIError.malformed` that says where and what.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: ByteBuffer) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw APIError.malformed(sentence(error))
        }
    }

    private static func sentence(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])): is missing"
        case .valueNotFound(let type, let context): "\(path(context.codingPath)): null, where \(name(type)) is needed"
        case .typeMismatch(let type, let context): "\(path(context.codingPath)): is not \(name(type))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "the body is not valid JSON"
        case .dataCorrupted(let context): "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: "the body is not valid"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.isEmpty ? "the body" : String(keys.map(\.stringValue).joined(separator: ".").prefix(200))
    }

    private static func name(_ type: Any.Type) -> String {
        switch type {
        case is Int.Type: "an integer"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is String.Type: "a string"
        case is [Any].Type: "a list"
        default: "an object"
        }
    }
}

/// A whole number. What is a number and does not fit is refused like what is no number, by its field's name.
struct WireInteger: Decodable, Hashable {
    let value: Int

    init(from decoder: any Decoder) throws {
        do {
            value = try decoder.singleValueContainer().decode(Int.self)
        } catch {
            // For a number that does not fit, Foundation throws errors of several kinds, and forgets where it stood.
            throw DecodingError.typeMismatch(
                Int.self, DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not an integer"))
        }
    }
}
