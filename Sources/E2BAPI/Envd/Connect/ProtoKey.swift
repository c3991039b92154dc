/// A field of a message by its lowerCamelCase name; the name as in the `.proto` file is accepted too.
struct ProtoKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    var snakeCase: ProtoKey {
        var name = ""
        for character in stringValue {
            if character.isUppercase { name.append("_") }
            name.append(character.lowercased())
        }
        return ProtoKey(stringValue: name)
    }
}

extension KeyedDecodingContainer where Key == ProtoKey {
    /// nil if the field is absent or null, which are the same.
    func field<Value: Decodable>(_ name: String, _: Value.Type = Value.self) throws -> Value? {
        let key = ProtoKey(stringValue: name)
        if let value = try decodeIfPresent(Value.self, forKey: key) { return value }
        return try decodeIfPresent(Value.self, forKey: key.snakeCase)
    }
}
