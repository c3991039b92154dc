/// Why what a kernel said was refused.
public enum KernelProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A kind that no version of the protocol has.
    case unknownKind(UInt8)
    /// A frame longer than its kind may be.
    case tooLong(kind: UInt8, length: Int, limit: Int)
    /// The connection ended in the middle of a frame.
    case truncated
    /// Not JSON, or not UTF-8, at this byte of the payload.
    case malformed(at: Int)
    /// JSON that nests deeper than this.
    case tooDeep(limit: Int)
    case unknownField(String)
    case repeatedField(String)
    case missingField(String)
    /// A field whose value is not what it may be.
    case badField(String, allowed: String)
    /// A frame of this kind where another was due.
    case outOfTurn(UInt8)

    public var description: String {
        switch self {
        case .unknownKind(let kind): "a frame of the unknown kind \(kind)"
        case .tooLong(let kind, let length, let limit):
            "a frame of kind \(kind) and \(length) bytes, over the limit of \(limit)"
        case .truncated: "the end in the middle of a frame"
        case .malformed(let position): "no JSON, at byte \(position)"
        case .tooDeep(let limit): "JSON that nests deeper than \(limit)"
        case .unknownField(let name): "an unknown field '\(name.prefix(40))'"
        case .repeatedField(let name): "the field '\(name.prefix(40))' twice"
        case .missingField(let name): "no field '\(name)'"
        case .badField(let name, let allowed): "\(name.prefix(40)): allowed is \(allowed)"
        case .outOfTurn(let kind): "a frame of kind \(kind) out of turn"
        }
    }
}
