/// An integer of a body. The decoder of the library forgets where a number stood that fits no `Int`; this one tells.
struct WholeNumber: Decodable, Hashable {
    let value: Int

    init(from decoder: any Decoder) throws {
        do {
            value = try decoder.singleValueContainer().decode(Int.self)
        } catch {
            let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not an integer")
            throw DecodingError.typeMismatch(Int.self, context)
        }
    }
}
