/// The first and only frame that the server sends on a connection.
public enum KernelRequest: Hashable, Sendable {
    /// Runs code. The variables are set before and put back after.
    case execute(code: String, environment: [String: String])
    /// The kernel answers its hello and hangs up, also while it runs something.
    case inspect

    public static let executeKind: UInt8 = 0x01
    public static let inspectKind: UInt8 = 0x02

    /// - Returns: nil if the request is longer than `KernelLimits.requestBytes`.
    public var frame: [UInt8]? {
        switch self {
        case .inspect: return KernelFrame.bytes(kind: Self.inspectKind)
        case .execute(let code, let environment):
            var json: [UInt8] = []
            json.reserveCapacity(code.utf8.count + code.utf8.count / 8 + 64)
            json.append(contentsOf: #"{"code":"#.utf8)
            JSONEscape.append(code, to: &json)
            json.append(contentsOf: #","environment":{"#.utf8)
            for (index, (name, value)) in environment.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                JSONEscape.append(name, to: &json)
                json.append(UInt8(ascii: ":"))
                JSONEscape.append(value, to: &json)
            }
            json.append(contentsOf: "}}".utf8)
            guard json.count <= KernelLimits.requestBytes else { return nil }
            return KernelFrame.bytes(kind: Self.executeKind, payload: json)
        }
    }
}
