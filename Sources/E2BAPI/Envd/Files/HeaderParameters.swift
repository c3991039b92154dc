/// `value; name=token; name="quoted \" text"`, as in RFC 9110 section 5.6.6.
enum HeaderParameters {
    /// - Returns: the value and the names in lower case; nil if it is malformed or has a name twice.
    static func parse(_ text: String) -> (value: String, parameters: [String: String])? {
        var rest = Substring(text)[...]
        let value = rest.prefix { $0 != ";" }
        rest = rest.dropFirst(value.count)
        var parameters: [String: String] = [:]
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { break }
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.first == "=" else { return nil }
            rest = rest.dropFirst()
            guard let parameter = takeValue(&rest) else { return nil }
            guard parameters.updateValue(parameter, forKey: name.lowercased()) == nil else { return nil }
            rest = rest.drop { $0 == " " || $0 == "\t" }
        }
        guard rest.isEmpty else { return nil }
        return (value.trimmed.lowercased(), parameters)
    }

    private static func takeValue(_ rest: inout Substring) -> String? {
        guard rest.first == "\"" else {
            let token = rest.prefix { $0 != ";" && $0 != " " && $0 != "\t" && $0 != "\"" }
            rest = rest.dropFirst(token.count)
            return token.isEmpty ? nil : String(token)
        }
        rest = rest.dropFirst()
        var text = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return text
            // Only these two are escaped; a lone backslash is itself, as in a Windows path.
            case "\\" where rest.first == "\"" || rest.first == "\\":
                if let escaped = rest.popFirst() { text.append(escaped) }
            default: text.append(character)
            }
        }
        return nil
    }
}
