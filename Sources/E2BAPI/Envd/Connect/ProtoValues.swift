/// An integer, as a number or as a string.
struct ProtoInteger<Value: FixedWidthInteger & Decodable & Sendable>: Decodable, Sendable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let read: Value? =
            if let text = try? container.decode(String.self) {  // not a string: a number then, or nothing we take
                Value(text) ?? Double(text).flatMap(Value.init(exactly:))
            } else if let number = try? container.decode(Value.self) {  // not an integer as written: perhaps 1.0
                number
            } else {
                Value(exactly: try container.decode(Double.self))
            }
        guard let read else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not an integer in \(Value.min)...\(Value.max)")
        }
        value = read
    }
}

/// Bytes, in base64 of either alphabet.
struct ProtoBytes: Decodable, Sendable {
    let value: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Base64.decode(try container.decode(String.self).utf8) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not base64")
        }
        value = bytes
    }
}
