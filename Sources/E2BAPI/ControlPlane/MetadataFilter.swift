import HTTPExchange
import SandboxModel

/// The `metadata` query of the lists. Clients encode it three times: each key and value, then the pairs as a form, then
/// the query; the query's own layer is off already.
enum MetadataFilter {
    /// - Throws: `SpecError` naming `metadata`.
    static func pairs(_ query: String) throws(SpecError) -> [String: String] {
        guard let form = RequestTarget.decoded(query[...], plusIsSpace: true) else { throw malformed(query) }
        var pairs: [String: String] = [:]
        for item in form.split(separator: "&") {
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, let key = RequestTarget.decoded(sides[0], plusIsSpace: true),
                let value = RequestTarget.decoded(sides[1], plusIsSpace: true)
            else { throw malformed(query) }
            pairs[key] = value
        }
        guard pairs.count <= SandboxSpec.metadataCountLimit else {
            throw .tooLong(field: "metadata", length: pairs.count, limit: SandboxSpec.metadataCountLimit)
        }
        return pairs
    }

    private static func malformed(_ query: String) -> SpecError {
        .malformed(field: "metadata", value: query, allowed: "URL-encoded 'key=value' pairs")
    }
}
