import Foundation

/// A map of texts in its one stored form, a JSON object with sorted names: equal maps are equal texts.
enum TextMap {
    static func text(_ map: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(map), as: UTF8.self)
    }

    static func map(_ text: String, table: String, column: String) throws(StoreError) -> [String: String] {
        guard text != "{}" else { return [:] }
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        } catch {
            throw .malformedRow(table: table, column: column)
        }
    }
}
