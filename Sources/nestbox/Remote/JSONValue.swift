import KernelProtocol

/// A JSON value as it stands in the text. An object's fields keep their order: it is the order of a table's columns.
enum JSONValue: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    case object([Field])
    case list([JSONValue])
    case text(String)
    /// A number as it was written, `true`, `false` or `null`.
    case word(String)

    static let depthLimit = 64
    /// How many values one text may hold: a few bytes of JSON cost many of memory.
    static let countLimit = 1 << 18

    /// - Returns: nil for anything that is not exactly one JSON value, and for one over the limits.
    static func parse(_ bytes: ArraySlice<UInt8>) -> JSONValue? {
        var reader = JSONReader(bytes)
        guard let value = reader.value(), reader.isAtEnd else { return nil }
        return value
    }

    /// The fields of one object, their values unread: whoever wants one pays for that one.
    /// - Returns: nil if it is no object. Of a name that stands twice the first counts.
    static func fields(of bytes: ArraySlice<UInt8>) -> [String: ArraySlice<UInt8>]? {
        var reader = JSONReader(bytes)
        guard let fields = reader.fields(), reader.isAtEnd else { return nil }
        return Dictionary(fields) { first, _ in first }
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// For people: text without quotes, all else as JSON writes it.
    var label: String { text ?? json }

    /// On one line.
    var json: String {
        switch self {
        case .object(let fields):
            "{" + fields.map { "\(JSONEscape.quoted($0.name)): \($0.value.json)" }.joined(separator: ", ") + "}"
        case .list(let values): "[" + values.map(\.json).joined(separator: ", ") + "]"
        case .text(let text): JSONEscape.quoted(text)
        case .word(let word): word
        }
    }
}
