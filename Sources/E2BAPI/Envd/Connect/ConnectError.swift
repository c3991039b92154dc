/// Why a call of the Connect protocol failed, as the client is told.
struct ConnectError: Error, Hashable {
    let code: ConnectCode
    let message: String

    init(_ code: ConnectCode, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ConnectError: Encodable {
    private enum CodingKeys: CodingKey {
        case code, message
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code.rawValue, forKey: .code)
        try container.encode(message, forKey: .message)
    }
}
