/// A value that was refused: which field, what was given, what is allowed.
public enum SpecError: Error, Hashable, Sendable, CustomStringConvertible {
    case outOfRange(field: String, value: Int, allowed: ClosedRange<Int>)
    case malformed(field: String, value: String, allowed: String)
    case tooLong(field: String, length: Int, limit: Int)

    public var field: String {
        switch self {
        case .outOfRange(let field, _, _), .malformed(let field, _, _), .tooLong(let field, _, _): field
        }
    }

    public var description: String {
        switch self {
        case .outOfRange(let field, let value, let allowed):
            "\(field): \(value) is not in \(allowed.lowerBound)...\(allowed.upperBound)"
        case .malformed(let field, let value, let allowed):
            "\(field): '\(value.prefix(100))' is not \(allowed)"
        case .tooLong(let field, let length, let limit):
            "\(field): length \(length) is over the limit of \(limit)"
        }
    }
}
