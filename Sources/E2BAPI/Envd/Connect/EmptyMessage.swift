/// `{}`, and whatever else a client puts in.
struct EmptyMessage: Codable, Sendable {
    init() {}

    init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: ProtoKey.self)
    }

    func encode(to encoder: any Encoder) throws {
        _ = encoder.container(keyedBy: ProtoKey.self)
    }
}
