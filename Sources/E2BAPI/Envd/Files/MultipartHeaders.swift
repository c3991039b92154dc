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
