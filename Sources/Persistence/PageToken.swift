import SandboxModel

/// Where a page ended: the last sandbox on it. Opaque to clients; since it names a place in the order and not a count,
/// sandboxes that come or go between two pages shift nothing.
struct PageToken: Hashable {
    let createdAt: Timestamp
    let id: SandboxID

    var text: String { "\(createdAt.unixMilliseconds)-\(id.text)" }

    init(after record: SandboxRecord) {
        createdAt = record.createdAt
        id = record.id
    }

    init(_ text: String) throws(SpecError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Int64(parts[0]), milliseconds >= 0 else {
            throw .malformed(field: "nextToken", value: text, allowed: "a token from the page before")
        }
        createdAt = Timestamp(unixMilliseconds: milliseconds)
        id = try SandboxID(String(parts[1]))
    }
}
