/// `&lt;` and its like.
enum HTMLEntities {
    /// Of what stands between `&` and `;`.
    private static let lengthLimit = 8
    private static let named: [Substring: Character] = [
        "lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'", "nbsp": " ", "hellip": "…", "times": "×",
    ]

    static func decoded(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var decoded = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            decoded += rest[..<start]
            rest = rest[start...]
            let name = rest.dropFirst().prefix(lengthLimit + 1).prefix { $0 != ";" }
            if name.count <= lengthLimit, name.endIndex < rest.endIndex, rest[name.endIndex] == ";",
                let meant = character(name)
            {
                decoded.append(meant)
                rest = rest[rest.index(after: name.endIndex)...]
            } else {
                decoded.append(rest.removeFirst())
            }
        }
        return decoded + rest
    }

    private static func character(_ name: Substring) -> Character? {
        guard name.hasPrefix("#") else { return named[name] }
        let digits = name.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        let number = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init).map { Character($0) }
    }
}
