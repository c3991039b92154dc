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
