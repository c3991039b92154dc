/// The `boundary` of a `multipart/form-data` content type: 1...70 characters that RFC 2046 allows.
struct MultipartBoundary: Hashable {
    let text: String

    /// - Returns: nil for another content type, or without a boundary that is well formed.
    init?(contentType: String) {
        guard let (value, parameters) = HeaderParameters.parse(contentType), value == "multipart/form-data",
            let boundary = parameters["boundary"], (1...EnvdLimits.boundaryBytes).contains(boundary.utf8.count),
            boundary.last != " ", boundary.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        text = boundary
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }
}

/// What the headers of one part say.
struct MultipartHeaders: Hashable {
    let name: String
    /// As it was sent, directories and all.
    let filename: String?

    /// - Parameter lines: the headers with their line ends and the empty line.
    /// - Throws: unless they have one well-formed `Content-Disposition: form-data` with a name.
    init(_ lines: [UInt8]) throws(MultipartError) {
        guard let text = String(validating: lines, as: UTF8.self) else {
            throw MultipartError("a part's headers are not UTF-8")
        }
        var disposition: (String, [String: String])?
        let fields = Self.fields(text)
        guard fields.count <= EnvdLimits.partHeaderCount else {
            throw MultipartError("a part has more than \(EnvdLimits.partHeaderCount) headers")
        }
        for field in fields {
            let pair = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty, !field.unicodeScalars.contains(where: Self.isForbidden) else {
                throw MultipartError("a part's header is malformed")
            }
            switch pair[0].lowercased() {
            case "content-disposition":
                guard disposition == nil, let parsed = HeaderParameters.parse(String(pair[1])) else {
                    throw MultipartError("a part's Content-Disposition is malformed or stands there twice")
                }
                disposition = parsed
            case "content-transfer-encoding":
                guard ["binary", "7bit", "8bit"].contains(pair[1].trimmed.lowercased()) else {
                    throw MultipartError("a part's Content-Transfer-Encoding is not supported")
                }
            default: continue
            }
        }
        guard let (value, parameters) = disposition, value == "form-data", let name = parameters["name"] else {
            throw MultipartError("a part has no Content-Disposition of form-data with a name")
        }
        self.name = name
        filename = parameters["filename"]
    }

    private static func fields(_ text: String) -> [Substring] {
        // CRLF is one character of a Swift string.
        text.split(separator: "\r\n")
    }

    /// A control character that ends no line.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.value < 0x20 && scalar != "\t") || scalar.value == 0x7f
    }
}

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
