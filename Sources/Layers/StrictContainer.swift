import SandboxModel

extension Decoder {
    /// The fields of an object that may have those of `Key` and no others.
    /// - Throws: `SpecError` naming the first field, in alphabetical order, that is none of `thing`'s.
    func strictContainer<Key: CodingKey & CaseIterable>(
        keyedBy key: Key.Type, of thing: String
    ) throws -> KeyedDecodingContainer<Key> {
        let known = Set(Key.allCases.map(\.stringValue))
        let given = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        if let unknown = given.sorted().first(where: { !known.contains($0) }) {
            throw SpecError.malformed(
                field: (codingPath.map(\.stringValue) + [unknown]).joined(separator: "."), value: unknown,
                allowed: "a field of \(thing): \(known.sorted().joined(separator: ", "))")
        }
        return try container(keyedBy: key)
    }
}

/// Whatever name a field has.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
